/** A TLS fatal alert as one record (RFC 8446 §6), so that a refused client prints a reason instead of "connection closed". */
function fatalAlert(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, description]);
}

/** access_denied(49): a policy refuses the handshake. */
export const ALERT_ACCESS_DENIED = fatalAlert(49);
/** unrecognized_name(112): the server name is not the one that this tunnel is for. */
export const ALERT_UNRECOGNIZED_NAME = fatalAlert(112);
