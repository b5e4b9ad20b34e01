/** Text for YAML comments: what any reader of YAML could take for the end of a line is a space, so that nothing leaves the comment. */
export function commentText(text: string): string {
  return text.replace(/[^\P{Cc}\n]+|[\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
