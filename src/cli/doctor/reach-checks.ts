import { tooOldForMeta } from '../../memcached/engine-version.ts';
import { millis, plural } from '../screen/figures.ts';
import type { Examination } from './examination.ts';
import { type DoctorFinding, ok, wrong } from './finding.ts';

/** A median above this is not the next rack: the client's default operation time-out is 100 ms. */
const SLOW_MILLIS = 20;
const CERTIFICATE_DAYS = 14;

export function reachability(all: readonly Examination[], tls: boolean): DoctorFinding[] {
  const lost = all.filter(({ unreachable }) => unreachable !== undefined);
  const reached = all.length - lost.length;
  return [
    ...(reached > 0
      ? [
          ok(
            'reachability',
            reached === 1
              ? '1 node answers from here'
              : `${reached === all.length ? 'all ' : ''}${plural(reached, 'node')} answer from here`,
          ),
        ]
      : []),
    ...lost.map(({ node, unreachable }) =>
      wrong('failure', 'reachability', `${node}: ${unreachable!.trim()}`, remedy(unreachable!, tls), [node]),
    ),
  ];
}

function remedy(reason: string, tls: boolean): string {
  if (tls && /wrong version|EPROTO|packet length/i.test(reason))
    return 'the node speaks no TLS: leave --tls away, or switch encryption in transit on';
  if (tls && /self.signed|unable to (get|verify)|issuer/i.test(reason))
    return "trust the certificates' issuer with --tls-ca, and in the function with NODE_EXTRA_CA_CERTS";
  if (tls && /altnames|does not match|expired/i.test(reason))
    return 'give the node a certificate that is valid for its name; do not switch verification off';
  if (/ENOTFOUND|EAI_AGAIN/.test(reason))
    return 'the name does not resolve here: run doctor inside the VPC, with its resolver';
  if (/ECONNREFUSED/.test(reason))
    return 'nothing listens there: is the node being replaced, and the port right?';
  if (/no connection within/.test(reason))
    return 'packets are lost on the way: look at security groups, subnets and network ACLs between here and the node';
  if (/which no memcached says|has no end/.test(reason))
    return 'something else than memcached listens there: is the port right?';
  if (!tls) return 'a node with encryption in transit hangs up on plain text: try --tls';
  return 'look at the node in the console, and at what lies on the way to it';
}

export function roundTrip(all: readonly Examination[]): DoctorFinding[] {
  const timed = all.filter(({ roundTrips }) => roundTrips.length > 0);
  if (timed.length === 0) return [];
  const medians = timed.map(({ node, roundTrips }) => ({ node, median: medianOf(roundTrips) }));
  const slow = medians.filter(({ median }) => median > SLOW_MILLIS);
  const worst = medians.reduce((a, b) => (b.median > a.median ? b : a));
  const says = `median ${millis(medianOf(medians.map(({ median }) => median)))}, slowest node ${worst.node} with ${millis(worst.median)}`;
  if (slow.length === 0) return [ok('round trip', says)];
  return [
    wrong(
      'warning',
      'round trip',
      says,
      "if functions are this far away too, move them into the nodes' region and availability zones, or raise SMEARCACHE_OPERATION_TIMEOUT_MILLIS",
      slow.map(({ node }) => node),
    ),
  ];
}

export function tlsCheck(all: readonly Examination[], tls: boolean): DoctorFinding[] {
  if (!tls) return [ok('TLS', 'off: values cross the network as they are')];
  const known = all.filter(({ certificateDays }) => certificateDays !== undefined);
  const soon = known.filter(({ certificateDays }) => certificateDays! < CERTIFICATE_DAYS);
  if (known.length === 0) return [];
  const protocols = [...new Set(known.map(({ tlsProtocol }) => tlsProtocol))].join(', ');
  const least = Math.min(...known.map(({ certificateDays }) => certificateDays!));
  const says = `${protocols}, names verified, certificates valid for ${plural(least, 'more day')}`;
  if (soon.length === 0) return [ok('TLS', says)];
  return [
    wrong(
      'warning',
      'TLS',
      says,
      'renew the certificates before they expire',
      soon.map(({ node }) => node),
    ),
  ];
}

export function engine(all: readonly Examination[]): DoctorFinding[] {
  const known = all.filter(({ version }) => version !== undefined);
  if (known.length === 0) return [];
  const versions = [...new Set(known.map(({ version }) => version!))];
  const old = known.filter(({ node, version }) => tooOldForMeta(node, version!) !== undefined);
  const broken = known.filter((one) => !old.includes(one) && one.commandProblems.length > 0);
  const findings: DoctorFinding[] = [];
  if (old.length > 0) {
    const says = `memcached ${[...new Set(old.map(({ version }) => version))].join(', ')} has no meta commands: no leases, no copies under a lease, no TLS`;
    findings.push(
      wrong(
        'warning',
        'engine',
        says,
        'upgrade to 1.6.12 or newer; until then clients use the memjs transport',
        namesOf(old),
      ),
    );
  }
  for (const { node, version, commandProblems } of broken) {
    const says = `${node}, memcached ${version}, lacks ${commandProblems.join('; ')}`;
    findings.push(
      wrong(
        'failure',
        'engine',
        says,
        'is there a proxy in between that knows no meta commands? Reach the node itself, or set SMEARCACHE_TRANSPORT=memjs',
        [node],
      ),
    );
  }
  if (versions.length > 1) {
    const says = `the nodes run different versions: ${versions.join(', ')}`;
    findings.push(
      wrong('warning', 'engine', says, 'finish the upgrade; a mixed cluster is for its duration only'),
    );
  }
  if (findings.length > 0) return findings;
  return [ok('engine', `memcached ${versions[0]} on every node; meta commands, leases and counts work`)];
}

const namesOf = (all: readonly Examination[]): string[] => all.map(({ node }) => node);

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
