const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Finds the end of each response on a keep-alive connection. Knows no more of HTTP/1.1 than the API answers with: a
 * status line and Content-Length. A response usually comes in one piece and is then not copied.
 */
export class ResponseReader {
  #rest = null;

  /**
   * @param {Buffer} chunk read until the call returns only
   * @returns {{ status: number, body: Buffer } | undefined} the response, once it is whole
   */
  read(chunk) {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd !== -1) {
      const head = bytes.latin1Slice(0, headEnd);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      if (length === null) throw new Error(`a response without Content-Length: ${head}`);
      const end = headEnd + 4 + Number(length[1]);
      if (bytes.length > end) throw new Error('more bytes than the response announces');
      if (bytes.length === end) {
        this.#rest = null;
        return { status: Number(head.slice(9, 12)), body: bytes.subarray(headEnd + 4) };
      }
    }
    // The chunk's memory is used again for the next read.
    this.#rest = this.#rest === null ? Buffer.from(chunk) : bytes;
    return undefined;
  }

  reset() {
    this.#rest = null;
  }
}
