import { Server } from 'proxy-chain';

// proxy-chain as it comes, with nothing decided and nothing logged.
const server = new Server({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  prepareRequestFunction: () => ({}),
});
await server.listen();
