/** A way to reach something, as a script of bash that says what came back, or nothing. */
export interface Probe {
  readonly what: string;
  readonly script: string;
  /** What it says when it gets through. */
  readonly through: string;
}

/** Connects by TCP and asks as HTTP would, past any proxy. */
export function httpProbe(what: string, address: string, port: number): Probe {
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
  return {
    what,
    script: `curl -sS --noproxy '*' -m 3 -o /dev/null -w 'http %{http_code}' '${url}' || true`,
    through: 'http 200',
  };
}

export function udpProbe(what: string, address: string, port: number): Probe {
  return {
    what,
    script: `{ exec 3<>/dev/udp/${address}/${port} && echo hello >&3 && timeout 2 head -c 7 <&3; } 2>&1 || true`,
    through: 'outside',
  };
}

export function pingProbe(what: string, address: string): Probe {
  return {
    what,
    script: `ping -n -c 1 -W 2 ${address} > /dev/null 2>&1 && echo pong || true`,
    through: 'pong',
  };
}
