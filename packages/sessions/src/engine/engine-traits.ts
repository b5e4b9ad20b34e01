/** The programs that run containers here. */
export type EngineName = 'podman' | 'docker';

/** Where the two differ, as data. */
export interface EngineTraits {
  /** Says that the engine's own server or storage answers, and what it is. */
  readonly probe: readonly string[];
  /** Says how many cores there are where the containers run. */
  readonly countCores: readonly string[];
  /** What to do when the program is missing, or does not answer; sentences without a full stop. */
  readonly install: string;
  readonly wake: string;
  /**
   * A network with no route out, on which the host has no address: what has one there reaches the services of the host that
   * listen on all addresses.
   */
  readonly sealedNetwork: readonly string[];
  /** Whether a container gets an address of its own choice only where the subnet was chosen, too. */
  readonly namesSubnets: boolean;
  /** Keeps the engine from giving its own proxy variables to a container. */
  readonly ownProxy: readonly string[];
  /** `build` in the format that knows health checks. */
  readonly build: readonly string[];
}

export const TRAITS: Readonly<Record<EngineName, EngineTraits>> = {
  podman: {
    probe: ['info', '--format', 'json'],
    countCores: ['info', '--format', '{{.Host.CPUs}}'],
    install: 'Install podman (4.0 or newer, with netavark)',
    wake: 'Start it with podman machine start, or systemctl --user start podman.socket where CONTAINER_HOST names a socket',
    sealedNetwork: ['--internal', '--disable-dns'],
    namesSubnets: false,
    ownProxy: ['--http-proxy=false'],
    build: ['build', '--format', 'docker', '--http-proxy=false'],
  },
  docker: {
    probe: ['info', '--format', '{{json .}}'],
    countCores: ['info', '--format', '{{.NCPU}}'],
    install: 'Install Docker, or use podman',
    wake: 'Start the Docker daemon, and see that you may use it (docker info)',
    sealedNetwork: ['--internal', '--opt', 'com.docker.network.bridge.inhibit_ipv4=true'],
    namesSubnets: true,
    ownProxy: [],
    build: ['build'],
  },
};
