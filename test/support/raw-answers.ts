/** Counts the answers in what a server has sent, by the framing that the answers themselves declare. */

/** The status of each whole answer. @param isHead whether the only request was one, whose answer has a length and no body. */
export function statusesIn(received: string, isHead: boolean): number[] {
  const statuses: number[] = [];
  for (let at = 0; ; ) {
    const end = received.indexOf('\r\n\r\n', at);
    if (end < 0) return statuses;
    const head = received.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length = status === 100 || isHead ? 0 : Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (received.length < end + 4 + length) return statuses;
    // What follows and is no answer shows as NaN.
    statuses.push(status);
    at = end + 4 + length;
  }
}
