/** The network policy of the chart where a cluster answers for names in a way of its own, and what docs/network-policy.md says of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byKind, chart } from './support/renderings.ts';

const egressOf = (networkPolicy: object): any[] =>
  byKind(chart(4, { networkPolicy }), 'NetworkPolicy')?.spec.egress ?? [];

describe('the network policy of the chart', () => {
  it('takes the address of the cache on your nodes, of either family', () => {
    const addresses = ['10.96.0.10/32', 'fd30:1319:f1e:230b::1/128', '::ffff:169.254.20.10/128'];
    const [names] = egressOf({ dns: { addresses } });
    assert.deepEqual(
      names.to.flatMap(({ ipBlock }: any) => ipBlock?.cidr ?? []),
      addresses,
    );
    assert.equal(names.to.length, 5);
  });

  it('takes other pods and ports, and none at all', () => {
    const peers = [{ podSelector: { matchLabels: { app: 'dns' } } }];
    const [names] = egressOf({ dns: { peers, addresses: [], ports: [1053] } });
    assert.deepEqual(names, {
      to: peers,
      ports: [
        { port: 1053, protocol: 'UDP' },
        { port: 1053, protocol: 'TCP' },
      ],
    });
    for (const dns of [{ peers: [], addresses: [] }, { ports: [] }]) {
      const [collector, ...others] = egressOf({ dns });
      assert.equal(collector.ports[0].port, 4318);
      assert.deepEqual(others, []);
    }
  });

  it('leads to a collector that speaks gRPC, and to one on each node', () => {
    const onNode = { to: [{ ipBlock: { cidr: '10.0.0.0/16' } }], ports: [{ port: 4317, protocol: 'TCP' }] };
    const [, collector, node] = egressOf({ collectorPort: 4317, extraEgress: [onNode] });
    assert.equal(collector.ports[0].port, 4317);
    assert.deepEqual(node, onNode);
  });

  for (const [what, dns] of [
    ['an address without its length', { addresses: ['169.254.20.10'] }],
    ['a length that no address has', { addresses: ['169.254.20.10/33'] }],
    ['a name', { addresses: ['dns.example/32'] }],
    ['a port beyond its range', { ports: [70_000] }],
    ['a peer that is misspelt', { peers: [{ podSelectr: {} }] }],
    ['a word that is none', { adresses: [] }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => egressOf({ dns }), /networkPolicy.*dns|podSelectr|adresses/s);
    });
  }
});
