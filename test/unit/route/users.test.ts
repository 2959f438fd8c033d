/** Users of userlists: credentials, and passwords in the forms of crypt(3) (compared with openssl passwd -5 and -6). */
import assert from 'node:assert/strict';
import { isKnownHash, verifyHash } from '../../../src/route/sha-crypt.ts';
import { authenticate, basicCredentials } from '../../../src/route/users.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { FieldList } from '../../../src/model/fields.ts';
import { Message } from '../../../src/route/message.ts';
import { evaluate, evaluation } from './support.ts';

const HASHES = [
  ['secret', '$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.'],
  ['a longer password of more than thirty-two octets', '$5$xyz$pNaL7wMg/PG5OQx2x/9f0R8rQtPAC/gR2ifTMT1uCn/'],
  ['secret', '$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA'],
] as const;

describe('passwords', () => {
  for (const [password, hash] of HASHES) {
    it(hash.slice(0, 12), () => {
      assert.equal(verifyHash(password, hash), true);
      assert.equal(verifyHash(`${password}x`, hash), false);
    });
  }
  it('of other forms are known to be unknown', () => {
    for (const hash of ['$1$abc$def', 'plain', '$6$rounds=900000000$a$b', '']) assert.equal(isKnownHash(hash), false, hash);
  });
});

describe('users', () => {
  const basic = (text: string): Message => new Message(FieldList.of(['authorization', `Basic ${Buffer.from(text).toString('base64')}`]));

  it('are told from Basic credentials', () => {
    assert.deepEqual(basicCredentials(basic('me:a:b')), { user: 'me', password: 'a:b' });
    assert.equal(basicCredentials(new Message(FieldList.of(['authorization', 'Bearer x']))), null);
    assert.equal(basicCredentials(null), null);
  });

  it('have the password of the list, plain or hashed', () => {
    const list = { users: new Map([['a', { password: 'x', hashed: false, groups: new Set(['g']) }], ['b', { password: HASHES[0][1], hashed: true, groups: new Set<string>() }]]) };
    assert.ok(authenticate(list, { user: 'a', password: 'x' }));
    assert.equal(authenticate(list, { user: 'a', password: 'y' }), undefined);
    for (let time = 0; time < 2; time++) assert.ok(authenticate(list, { user: 'b', password: 'secret' }));
    assert.equal(authenticate(list, { user: 'c', password: 'x' }), undefined);
    assert.equal(authenticate(undefined, { user: 'a', password: 'x' }), undefined);
  });

  it('fetches name what was sent', () => {
    const sent = evaluation([[':method', 'GET'], [':path', '/'], ['authorization', 'Basic bWU6cHc=']]);
    assert.deepEqual(['http_auth_user', 'http_auth_pass', 'http_auth_type', 'http_auth_bearer'].map((name) => evaluate(name, sent)), ['me', 'pw', 'Basic', null]);
    assert.equal(evaluate('http_auth_bearer', evaluation([[':method', 'GET'], [':path', '/'], ['authorization', 'Bearer t.k']])), 't.k');
  });

  it('lists that there are not, and passwords that cannot be checked, are errors', () => {
    const text = 'frontend f\nmode http\nbind :1\nhttp-request auth unless { http_auth(usrs) }\nhttp-request deny if { http_auth(users) }\nuserlist users\nuser a password abc\n';
    const { errors } = loadConfiguration([{ path: 't', text }], {});
    assert.deepEqual(errors.map(({ message, hint }) => `${message} | ${hint ?? ''}`), [
      "there is no userlist named 'usrs' | did you mean 'users'?", "the password of user 'a' is in a form that is not supported: $5$ and $6$ are | mkpasswd -m sha-512",
    ]);
  });
});
