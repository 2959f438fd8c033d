/** What people attach must agree with itself and with the program: nothing here can be run without a cluster. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import type { Configuration } from '../../../src/config/model.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

function configuration(path: string, text: string): Configuration {
  const { configuration, errors, warnings } = loadConfiguration([{ path, text }], {});
  assert.deepEqual([...errors, ...warnings], []);
  assert.ok(configuration !== null);
  return configuration;
}

const portOf = (address: Configuration['global']['admin']): number => (address?.kind === 'tcp' ? address.port : -1);

describe('sidecar/pillion.cfg', () => {
  it('is a configuration without errors or warnings, of one frontend and one local server', () => {
    const { global, frontends, backends } = configuration('pillion.cfg', read('sidecar/pillion.cfg'));
    assert.equal(portOf(global.admin), 9901);
    assert.deepEqual(frontends.map(({ binds, mode }) => [mode, binds.map(({ text }) => text)]), [['auto', [':8080']]]);
    assert.deepEqual(backends.map(({ servers, grpcCheck }) => [servers.length, grpcCheck !== null]), [[1, true]]);
    assert.ok((global.hardStopAfterMs ?? Infinity) < 30_000, 'ends before the default grace of Kubernetes');
    assert.ok(global.graceMs < (global.hardStopAfterMs ?? 0));
  });
});

describe('sidecar/kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('sidecar/kubernetes.yaml'));
  const byKind = new Map(documents.map((document) => [(document.toJS() as { kind: string }).kind, document.toJS()]));
  const pod = byKind.get('Deployment').spec.template.spec;
  const [sidecar] = pod.initContainers;
  const [app] = pod.containers;
  const config = byKind.get('ConfigMap').data['pillion.cfg'] as string;

  it('parses, and the objects refer to each other', () => {
    assert.deepEqual(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]), []);
    assert.deepEqual([...byKind.keys()], ['ConfigMap', 'Deployment', 'Service']);
    assert.equal(pod.volumes[0].configMap.name, byKind.get('ConfigMap').metadata.name);
    assert.deepEqual(byKind.get('Service').spec.selector, byKind.get('Deployment').spec.template.metadata.labels);
    assert.deepEqual(byKind.get('Deployment').spec.selector.matchLabels, byKind.get('Deployment').spec.template.metadata.labels);
    assert.ok(sidecar.ports.some(({ name }: { name: string }) => name === byKind.get('Service').spec.ports[0].targetPort));
    assert.deepEqual(sidecar.args, ['-f', `${sidecar.volumeMounts[0].mountPath}/pillion.cfg`]);
  });

  it('runs Pillion as a native sidecar that does not wait for the server it must start before', () => {
    assert.equal(sidecar.restartPolicy, 'Always');
    assert.equal(sidecar.lifecycle, undefined);
    assert.equal(sidecar.startupProbe.httpGet.path, '/live');
    assert.equal(sidecar.readinessProbe.httpGet.path, '/ready');
  });

  it('probes, serves and calls the ports of the configuration', () => {
    const { global, frontends, backends } = configuration('kubernetes.yaml', config);
    const port = (name: string): number => sidecar.ports.find((candidate: { name: string }) => candidate.name === name).containerPort;
    assert.equal(portOf(global.admin), port('admin'));
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) assert.equal(sidecar[probe].httpGet.port, 'admin');
    assert.equal(frontends[0]?.binds[0]?.text, `:${port('grpc')}`);
    assert.deepEqual(backends[0]?.servers[0]?.address, { kind: 'tcp', host: '127.0.0.1', port: { kind: 'fixed', port: app.ports[0].containerPort } });
  });

  it('leaves time for each part of the end of a pod', () => {
    const { global } = configuration('kubernetes.yaml', config);
    const drainSeconds = (global.hardStopAfterMs ?? Infinity) / 1000;
    const appSeconds = pod.terminationGracePeriodSeconds - app.lifecycle.preStop.sleep.seconds - drainSeconds;
    assert.ok(appSeconds >= 20, `${appSeconds} s are left for the server`);
  });
});

describe('sidecar/compose.yaml', () => {
  const { services } = parse(read('sidecar/compose.yaml'));

  it('starts three replicas and finds them by name', () => {
    const command = parseArguments(services.pillion.command, {});
    assert.equal(command.kind, 'run');
    assert.ok(command.kind === 'run' && command.origin.kind === 'flags');
    assert.deepEqual(command.origin.flags.to, [{ dns: true, address: 'greeter:50051' }]);
    assert.equal(services.greeter.deploy.replicas, 3);
    assert.deepEqual(services.pillion.depends_on, ['greeter']);
  });

  it('builds stages that the Dockerfile has, and gives Pillion longer than its hard stop', () => {
    assert.match(read('Dockerfile'), new RegExp(`^FROM \\S+ AS ${services.greeter.build.target}$`, 'm'));
    assert.ok(Number.parseInt(services.pillion.stop_grace_period, 10) > 25);
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  it('runs what package.json calls the program, as a user without rights, and drains on SIGTERM', () => {
    const { bin } = JSON.parse(read('package.json'));
    assert.ok(last.includes(`ENTRYPOINT ["node", "${bin.pillion}"]`));
    assert.ok(last.includes('USER 1000:1000'));
    assert.ok(last.includes('STOPSIGNAL SIGTERM'));
    assert.ok(!last.some((line) => line.startsWith('CMD ')));
  });

  it('copies from stages that exist, and files that .dockerignore lets through', () => {
    const stages = lines.flatMap((line) => /^FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? []);
    const kept = read('.dockerignore').split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    for (const line of lines.filter((candidate) => candidate.startsWith('COPY '))) {
      const from = /--from=(\S+)/.exec(line)?.[1];
      if (from !== undefined) {
        assert.ok(stages.includes(from), line);
        continue;
      }
      for (const source of line.split(' ').slice(1, -1)) {
        assert.ok(source === '.' || kept.some((path) => source === path || source.startsWith(`${path}/`)), line);
        assert.ok(existsSync(new URL(`../../../${source}`, import.meta.url)), line);
      }
    }
  });
});
