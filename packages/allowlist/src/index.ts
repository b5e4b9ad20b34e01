export { type Address, formatAddress, parseAddress } from './address.ts';
export { type AddressFinding, type AddressPolicy, compileAddressPolicy } from './address-policy.ts';
export { type AliasEntry, aliasNames, DEFAULT_AGENT, expandAlias, findAlias, isAlias } from './alias.ts';
export { AGENT_ALIASES, type Alias, type AliasPattern } from './alias-table.ts';
export { type Cidr, cidrCovers, cidrHas, parseCidr } from './cidr.ts';
export {
  type AllowlistComparison,
  type CompareOptions,
  compareAllowlists,
  type Difference,
  isWider,
  type Undecided,
} from './compare.ts';
export { comparePatterns, type PatternRelation } from './compare-patterns.ts';
export { type CompileOptions, compile, compileInSlices, type SliceOptions } from './compile.ts';
export type { Decision, Policy, ReasonCode } from './decision.ts';
export { embeddedAddresses } from './embedded-address.ts';
export { type Explanation, explain, type RuleMatch } from './explain.ts';
export { type FileOptions, parseAllowlistFile } from './file.ts';
export type { Finding, FindingCode, LintOptions, Severity } from './finding.ts';
export {
  addressHost,
  type Host,
  type HostKind,
  hostAddress,
  hostKind,
  parseHost,
  tryParseHost,
} from './host.ts';
export { type HostFault, type HostFaultCode, hostError } from './host-fault.ts';
export { lint, lintReach } from './lint.ts';
export { mergeAllowlists, type ParseOptions, parseWords } from './parse.ts';
export {
  type AddressPattern,
  type AnyPattern,
  type ExpressionPattern,
  formatPattern,
  type GlobPattern,
  type NamePattern,
  type Pattern,
} from './pattern.ts';
export { formatPorts, hasPort, type PortSet, STANDARD_PORTS } from './ports.ts';
export {
  type Allowlist,
  type Effect,
  formatRule,
  type Rule,
  type RuleSource,
  type TlsRequirement,
} from './rule.ts';
export { SPECIAL_USES, type SpecialUse, type SpecialUseCategory, specialUse } from './special-use.ts';
export { splitWords } from './words.ts';
