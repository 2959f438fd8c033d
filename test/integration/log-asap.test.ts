/** `option logasap`: lines that do not wait for the end of what they tell of. */
import assert from 'node:assert/strict';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { OctetClient, octetServer } from '../support/http1-peers.ts';
import { LogReceiver } from '../support/log-receiver.ts';
import { startPillion } from '../support/pillion.ts';

describe('option logasap', () => {
  const defer = cleanUpAfterEach();

  for (const { mode, lines, rules } of [
    { mode: 'http', lines: 'plain', rules: '' },
    { mode: 'http', lines: 'under rules', rules: '  http-response set-header x-seen 1\n' },
    { mode: 'tcp', lines: 'raw', rules: '' },
  ]) {
    it(`logs once, and before the end: mode ${mode}, ${lines}`, async () => {
      const server = await octetServer((socket, text) => {
        if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n12');
        if (text.endsWith('go')) socket.end('34');
      });
      defer(() => server.stop());
      const log = new LogReceiver();
      defer(() => log.close());
      const pillion = await startPillion([
        'global', `  ${await log.listen()}`, 'defaults', `  mode ${mode}`, '  log global', '  timeout connect 2s', '  timeout client 5s', '  timeout server 5s',
        'listen app', '  bind 127.0.0.1:1', '  option logasap', `${rules}  server a 127.0.0.1:${server.port}`, '',
      ].join('\n'));
      defer(() => pillion.stop());
      const client = new OctetClient(pillion.port);
      defer(() => client.socket.destroy());
      client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n');
      const line = await log.stream();
      await client.until(/12$/);
      assert.equal(line['server'], 'a');
      assert.equal(line['http_status'], mode === 'http' ? 200 : undefined);
      assert.equal(line['bytes_out'], 0);
      assert.equal(typeof line['total_ms'], 'number');
      client.send('go');
      client.socket.end();
      await client.end();
      // The line of the next one comes behind whatever else was written.
      const next = new OctetClient(pillion.port);
      defer(() => next.socket.destroy());
      next.send('GET /next HTTP/1.1\r\nhost: a\r\n\r\n');
      assert.equal((await log.stream())['conn'], 2);
      assert.deepEqual(log.lines.filter(({ msg }) => msg === 'stream'), []);
    });
  }
});
