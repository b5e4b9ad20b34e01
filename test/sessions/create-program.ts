import { containerBackend, openEngine } from '@paude/sessions';

// A create of its own process, to be killed in its midst: says each step that begins on standard output.
const { name, image, proxyImage, locks } = JSON.parse(process.argv[2] ?? '{}');
const engine = openEngine('podman', { env: process.env });
const backend = containerBackend(engine, { version: '1.2.3', stateDirectory: locks });
await backend.create(
  {
    name,
    agent: 'shell',
    image,
    proxyImage,
    workspace: '/w',
    allowedDomains: [],
    yolo: false,
    resources: { cpus: 1, memoryBytes: 512 * 1024 * 1024, pids: 256 },
    environment: {},
    secrets: { variables: new Map(), files: new Map() },
  },
  { progress: { step: (title) => process.stdout.write(`${title}\n`), detail: () => {} } },
);
