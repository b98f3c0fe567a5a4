/**
 * A life of a host is named by the kernel's boot id. The wire carries 32 bits of it: enough to
 * tell a host's lives apart, and short enough for a handshake on a serial line.
 */

/**
 * The incarnation of a boot id, as read from /proc/sys/kernel/random/boot_id: the first four bytes,
 * big-endian, of the SHA-256 of its text in lower case without surrounding white space. Never 0,
 * because 0 in an order means "whatever has power now"; a hash that starts with 0 becomes 1.
 */
export function incarnationOf(
  bootIdText: string,
  sha256: (bytes: Uint8Array) => Uint8Array,
): number {
  const hash = sha256(new TextEncoder().encode(bootIdText.trim().toLowerCase()));
  const first = new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0);
  return first === 0 ? 1 : first;
}
