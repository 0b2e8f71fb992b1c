import { Transform } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import { packBlocks } from '../blocks/blocks.ts';

/** A stream that packs what is written to it. */
export type Packer = Transform;

/** How an answer is packed: whole, or piece by piece. */
export interface Packing {
  headers: Record<string, string>;
  pack(body: Buffer): Promise<Buffer>;
  packer(): Packer;
}

/** The event loop gets its turn after so much: checksums take some milliseconds. */
const PIECE_BYTES = 256 * 1024;
const LEVEL = { level: constants.Z_BEST_SPEED };

/** HTTP's own. */
export const GZIP: Packing = {
  headers: { 'Content-Encoding': 'gzip' },
  pack: (body) => promisify(gzip)(body, LEVEL),
  packer: () => createGzip(LEVEL),
};

/** ClickHouse's blocks, which HTTP knows nothing of. */
export const BLOCKS: Packing = {
  headers: {},
  pack: async (body) => {
    const packed: Buffer[] = [];
    for (let at = 0; at < body.length; at += PIECE_BYTES) {
      packed.push(packBlocks(body.subarray(at, at + PIECE_BYTES)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return Buffer.concat(packed);
  },
  packer: () =>
    new Transform({
      transform: (chunk: Buffer, _encoding, done) => setImmediate(() => done(null, packBlocks(chunk))),
    }),
};
