import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyOrder } from './apply-order.ts';

const object = (kind: string, name = 'a') => ({ apiVersion: 'v1', kind, metadata: { name } });

const KINDS = [
  'HorizontalPodAutoscaler',
  'Deployment',
  'Service',
  'EgressFirewall',
  'ConfigMap',
  'NetworkPolicy',
];

describe('applyOrder()', () => {
  it('puts what closes before what opens, and what is referred to before what refers to it', () => {
    expect(
      applyOrder([object('Unknown'), ...KINDS.map((kind) => object(kind))]).map(({ kind }) => kind),
    ).toEqual([
      'NetworkPolicy',
      'ConfigMap',
      'EgressFirewall',
      'Service',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Unknown',
    ]);
  });

  it('depends on the objects alone, not on the order in which they come', () => {
    const sorted = applyOrder(KINDS.flatMap((kind) => [object(kind, 'b'), object(kind, 'a')]));
    fc.assert(
      fc.property(fc.shuffledSubarray([...sorted], { minLength: sorted.length }), (shuffled) => {
        expect(applyOrder(shuffled)).toEqual(sorted);
      }),
    );
  });
});
