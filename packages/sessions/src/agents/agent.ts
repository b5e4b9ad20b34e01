/** A file that an agent finds in its home when it starts for the first time. What is there already is left alone. */
export interface AgentFile {
  /** Below the home directory, without a slash in front. */
  readonly path: string;
  /** JSON, or text as it is. */
  readonly content: object | string;
  /** Only when the agent acts without asking. @default always */
  readonly onlyYolo?: boolean;
}

/** An agent, as data: what its image holds, how it starts, and how it is kept from asking what nobody is there to answer. */
export interface Agent {
  readonly name: string;
  readonly title: string;
  /** Packages of the distribution that its image needs. */
  readonly packages: readonly string[];
  /** Shell lines that install it in the image, as root. */
  readonly install: readonly string[];
  /** What starts it, in the workspace. */
  readonly command: readonly string[];
  /** What makes it act without asking, to go behind the command. Empty where there is no such thing. */
  readonly yoloFlags: readonly string[];
  /** Variables of its session. Never a secret: those are stubs, by the credential routes. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it keeps its configuration, below the home directory. */
  readonly configPlaces: readonly string[];
  /** What keeps it from asking at its first start: theme, trust, updates. */
  readonly files: readonly AgentFile[];
  /** Stub logins of `paude stubs write` that it expects in a place of its own: name there → path below the home. */
  readonly logins: Readonly<Record<string, string>>;
}
