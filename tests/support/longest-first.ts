import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take long for their size, the longest first. Where nothing is known from an earlier run Vitest begins with the
 * largest files, and one of these would be left alone at the end.
 */
const LONG = [
  'tests/faults/kills.e2e.test.ts',
  'tests/property/exact.int.test.ts',
  'reconciler/src/passes/reconciler.int.test.ts',
  'pos-api/src/relay/publishers/election.int.test.ts',
  'tests/property/meanwhile.int.test.ts',
  'reconciler/src/pipeline/kafka.int.test.ts',
];

/** Begins with what takes longest. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => group(a) - group(b) || place(a) - place(b));
  }
}
