import { compressSync, uncompressSync } from 'lz4-napi';
import { ClickHouseError } from '../http/errors.ts';
import { cityHash128 } from './city-hash.ts';

/**
 * ClickHouse's own compressed blocks, as `compress=1` asks for them and `decompress=1` sends them: a checksum of what follows
 * (16 bytes), the method (1), how many bytes the block has without the checksum (4) and how many when unpacked (4), the data.
 */
const CHECKSUM = 16;
const HEADER = 9;
const METHOD = { lz4: 0x82, none: 0x02 };
/** A checksum of so many bytes keeps the event loop for some milliseconds. */
const BLOCK_BYTES = 64 * 1024;
/** What a client may pack into one block; ClickHouse's own bound is the same. */
const MOST_BYTES = 1024 ** 3;

/** Blocks of LZ4 that unpack to `data`; none for none. */
export const packBlocks = (data: Buffer): Buffer => {
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += BLOCK_BYTES) blocks.push(pack(data.subarray(at, at + BLOCK_BYTES)));
  return Buffer.concat(blocks);
};

const pack = (data: Buffer): Buffer => {
  // It begins with the size of the data.
  const packed = compressSync(data).subarray(4);
  const block = Buffer.allocUnsafe(HEADER + packed.length);
  block.writeUInt8(METHOD.lz4, 0);
  block.writeUInt32LE(block.length, 1);
  block.writeUInt32LE(data.length, 5);
  packed.copy(block, HEADER);
  return Buffer.concat([cityHash128(block), block]);
};

/** What blocks hold. Throws a ClickHouseError 40 for a wrong checksum, 33 for half a block, 89 for another method, 223 beyond `maxBytes`. */
export const unpackBlocks = async (blocks: Buffer, maxBytes: number): Promise<Buffer> => {
  const unpacked: Buffer[] = [];
  let size = 0;
  for (let at = 0; at < blocks.length; ) {
    const length = blocks.length >= at + CHECKSUM + HEADER ? blocks.readUInt32LE(at + CHECKSUM + 1) : 0;
    const block = blocks.subarray(at + CHECKSUM, at + CHECKSUM + length);
    if (length < HEADER || block.length < length) {
      throw ClickHouseError.of(33, 'CANNOT_READ_ALL_DATA', 'A compressed block ends too early');
    }
    if (!cityHash128(block).equals(blocks.subarray(at, at + CHECKSUM))) {
      throw ClickHouseError.of(40, 'CHECKSUM_DOESNT_MATCH', 'The checksum of a compressed block is wrong');
    }
    size += block.readUInt32LE(5);
    if (size > Math.min(maxBytes, MOST_BYTES)) {
      throw ClickHouseError.of(223, 'QUERY_IS_TOO_LARGE', `The body is larger than ${maxBytes} bytes`);
    }
    unpacked.push(unpack(block));
    at += CHECKSUM + length;
    // Others get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Buffer.concat(unpacked);
};

const unpack = (block: Buffer): Buffer => {
  const method = block.readUInt8(0);
  if (method === METHOD.none) return block.subarray(HEADER);
  if (method !== METHOD.lz4) {
    throw ClickHouseError.of(89, 'UNKNOWN_COMPRESSION_METHOD', 'Only blocks packed with LZ4, or not packed, are read');
  }
  try {
    return uncompressSync(block.subarray(5));
  } catch {
    throw ClickHouseError.of(271, 'CANNOT_DECOMPRESS', 'A block is no LZ4');
  }
};
