import assert from 'node:assert/strict';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { exchangeOctets } from '../support/http1-peers.ts';
import { startPillion } from '../support/pillion.ts';

describe('so_name', () => {
  const defer = cleanUpAfterEach();

  it('is the name of the bind line', async () => {
    const pillion = await startPillion([
      'defaults', '  mode http', '  timeout connect 2s', '  timeout client 5s', '  timeout server 5s', 'frontend app', '  bind 127.0.0.1:1 name front',
      '  bind 127.0.0.1:1', '  http-request return status 200 hdr name "<%[so_name]>"', '',
    ].join('\n'));
    defer(() => pillion.stop());
    const answers = await Promise.all(pillion.ports.map((port) => exchangeOctets(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')));
    assert.deepEqual(answers.map((answer) => /^name: (.*)$/m.exec(answer)?.[1]?.trim()), ['<front>', '<>']);
  });
});
