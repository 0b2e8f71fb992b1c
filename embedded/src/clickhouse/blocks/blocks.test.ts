import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packBlocks, unpackBlocks } from './blocks.ts';
import { cityHash128 } from './city-hash.ts';

const MANY = 10_000_000;

// Made with another implementation, of the native protocol: one for each way in which the algorithm treats a length.
it.each([
  [0, '2b9ac064fc9df03d291ee592c340b53c'],
  [1, '2264de61ab714ba07039e237496868f7'],
  [3, 'e07a891e44244c90a549af712c7dd3ea'],
  [4, '1c70f36be39d8a6df6841ea386650ec9'],
  [8, 'b5c979d1e19b8f4fe6407d93197ce37a'],
  [11, '25f415d3b8fc190f55eaf8849eb1df1c'],
  [15, '8d2dcf3705a810a785ee956f49a733e5'],
  [16, '7b836449ac0fec835248a3ab5f5775d2'],
  [17, '3c942c52e8b1346683c83eaa0f0a4584'],
  [24, 'f21ee7724a18b55dd4ed06c1460ff987'],
  [31, 'ad277a5163383190dbb031cc04831032'],
  [32, '42206938c0f663fcd710741202d35011'],
  [33, '9c663edf20930b46a4e25008869d8407'],
  [127, 'a19f0ca5334b01920716d66e077cfe90'],
  [143, '370611638d98fdbe2b83c52e6c5b4a79'],
  [144, '8ab234a62c4b2e69cd50d2ed4e3da74f'],
  [200, 'e133af95e40663d84328786310f0f9db'],
  [272, '8570af80c8689859c48411ff95edb663'],
  [500, 'e2f52ed27998a4eb3133f0f546cb10ed'],
  [65000, 'f4ed8b000d1a5f258896134e32182cce'],
])('the checksum of %i bytes is the one that ClickHouse wants', (length, wanted) => {
  const bytes = Buffer.from(Array.from({ length }, (_, at) => (at * 7 + Math.floor(at / 251)) & 255));
  expect(cityHash128(bytes).toString('hex')).toBe(wanted);
});

it('what is packed unpacks to itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(1_000), async (bytes, times) => {
      const data = Buffer.concat(Array.from({ length: times }, () => bytes));
      expect((await unpackBlocks(packBlocks(data), MANY)).equals(data)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it('a block that is cut off, changed or too large is refused', async () => {
  const packed = packBlocks(Buffer.from('milk,bread,eggs\n'.repeat(100)));
  await expect(unpackBlocks(packed.subarray(0, -1), MANY)).rejects.toThrow('CANNOT_READ_ALL_DATA');
  await expect(unpackBlocks(packed.subarray(0, 20), MANY)).rejects.toThrow('CANNOT_READ_ALL_DATA');
  await expect(unpackBlocks(packed, 1_599)).rejects.toThrow('QUERY_IS_TOO_LARGE');
  const changed = Buffer.from(packed);
  changed.writeUInt8(packed.readUInt8(40) ^ 1, 40);
  await expect(unpackBlocks(changed, MANY)).rejects.toThrow('CHECKSUM_DOESNT_MATCH');
});
