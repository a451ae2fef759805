// The app against a real gateway: CONNECTOR_URL is where it listens, CONNECTOR_KEY a key to it.
// `make test` starts one; by hand: `make run` in one window, these two set in another, `npm test`.
'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { after, before, test } = require('node:test');
const zapier = require('zapier-platform-core');

const App = require('../index');

const tester = zapier.createAppTester(App);
const authData = { base_url: process.env.CONNECTOR_URL, api_key: process.env.CONNECTOR_KEY };
const create = (key, inputData) => tester(App.creates[key].operation.perform, { authData, inputData });
const search = (key, inputData) => tester(App.searches[key].operation.perform, { authData, inputData });
const email = 'zoe@example.com';
const card = () => create('issue_gift_card', { amount: '25.00', email });

let inbox;
let server;
let waiting;

before(async () => {
  inbox = [];
  server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (one) => parts.push(one));
    request.on('end', () => {
      inbox.push({ headers: request.headers, body: JSON.parse(Buffer.concat(parts).toString() || 'null') });
      response.end('{}');
      if (waiting) waiting();
    });
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
after(() => closed(server));

const closed = (one) => {
  one.closeAllConnections();
  one.close();
};


const listening = () => `http://127.0.0.1:${server.address().port}/hook`;

test('the definition is one that Zapier takes', () => {
  const { validateAppDefinition } = require('zapier-platform-schema');
  const plain = JSON.parse(JSON.stringify(App, (_, value) => (typeof value === 'function' ? '$func$2$f$' : value)));
  assert.deepEqual(validateAppDefinition(plain).errors.map(String), []);
});

test('a key that is good names the gateway, one that is not is refused in its own words', async () => {
  const told = await tester(App.authentication.test, { authData });
  assert.equal(told.address, new URL(authData.base_url).host);
  assert.ok(told.event_types > 20);
  await assert.rejects(
    tester(App.authentication.test, { authData: { ...authData, api_key: 'gck_wrong' } }),
    /key/i,
  );
});

test('a key never goes over http to another machine, nor to another address', async () => {
  for (const address of ['http://gifts.example.com', 'ftp://x', 'gifts', '']) {
    await assert.rejects(tester(App.authentication.test, { authData: { ...authData, base_url: address } }), /https/);
  }
  await tester((z) => z.request({ url: listening(), method: 'POST', body: {} }), { authData });
  assert.equal(inbox.pop().headers.authorization, undefined);
});

test('a card is issued, found, asked, spent from, loaded, corrected, stopped', async () => {
  const made = await card();
  assert.match(made.id, /^gc_/);
  assert.equal(made.balance, '25.00');
  assert.deepEqual((await search('find_gift_cards', { email })).map((one) => one.id), [made.id]);
  assert.equal((await search('check_balance', { email }))[0].balance, '25.00');
  assert.equal((await create('redeem_gift_card', { code: made.code, amount: '5' })).balance, '20.00');
  assert.equal((await create('load_gift_card', { card: made.id, amount: '1.50', note: '' })).balance, '21.50');
  const adjusted = await create('adjust_balance', { card: made.id, amount: '-1.50', reason: 'correction' });
  assert.equal(adjusted.balance, '20.00');
  assert.equal((await create('disable_gift_card', { card: made.id, reason: 'lost' })).state, 'disabled');
  assert.deepEqual(await search('find_gift_cards', { email: 'nobody@example.com' }), []);
});

test('points are added, spent and turned into value', async () => {
  const who = { email: 'pat@example.com' };
  assert.equal((await create('add_points', { ...who, points: 120 })).balance, 120);
  assert.equal((await create('spend_points', { ...who, points: 20 })).balance, 100);
  const card = await create('convert_points', { ...who, points: 100, amount: '1.00' });
  assert.equal(card.points_balance, 0);
  assert.equal(card.balance, '1.00');
});

test('a step that is repeated does nothing twice', async () => {
  const order = { amount: '7.00', email: 'twice@example.com', idempotency_key: 'order 1 ✓' };
  const [first, again] = [await create('issue_gift_card', order), await create('issue_gift_card', order)];
  assert.equal(again.id, first.id);
  assert.equal((await search('check_balance', { email: order.email }))[0].balance, '7.00');
});

test('a refusal says what is wrong and where', async () => {
  const { code } = await card();
  await assert.rejects(create('redeem_gift_card', { code, amount: '99.00' }), /25\.00/);
  await assert.rejects(create('issue_gift_card', { amount: 'much', email }), /amount/);
  await assert.rejects(create('send_gift_card', { code, via: 'email' }), /e-?mail|configured/i);
});

test('a busy gateway is tried again after the time that it says', async () => {
  for (const status of [429, 503]) {
    const busy = http.createServer((_, response) => {
      response.writeHead(status, { 'Retry-After': '17', 'Content-Type': 'application/problem+json' });
      response.end('{"detail": "Too many requests."}');
    });
    await new Promise((resolve) => {
      busy.listen(0, '127.0.0.1', resolve);
    });
    const elsewhere = { ...authData, base_url: `http://127.0.0.1:${busy.address().port}` };
    try {
      await assert.rejects(tester(App.authentication.test, { authData: elsewhere }), (fault) => {
        assert.equal(fault.name, 'ThrottledError');
        assert.match(fault.message, /too many requests/i);
        assert.match(fault.message, /17/);
        return true;
      });
    } finally {
      closed(busy);
    }
  }
});

test('a trigger subscribes, gets what happens, and unsubscribes', async () => {
  const { operation } = App.triggers.gift_card_issued;
  const subscribeData = await tester(operation.performSubscribe, { authData, targetUrl: listening() });
  assert.ok(subscribeData.id);
  const arrived = new Promise((resolve) => {
    waiting = resolve;
  });
  const made = await card();
  await arrived;
  waiting = undefined;

  const [told] = await tester(operation.perform, { authData, cleanedRequest: inbox.at(-1).body });
  assert.equal(told.type, 'gift_card.issued');
  assert.equal(told.data.gift_card.id, made.id);
  assert.match(told.id, /^msg_/);

  assert.deepEqual(await tester(operation.performUnsubscribe, { authData, subscribeData }), {});
  assert.deepEqual(await tester(operation.performUnsubscribe, { authData, subscribeData }), {});
});

test('every trigger has samples to map before anything has happened', async () => {
  for (const [key, { operation }] of Object.entries(App.triggers)) {
    const inputData = key === 'custom' ? { name: 'starred' } : {};
    const [first] = await tester(operation.performList, { authData, inputData });
    assert.equal(first.type.replace('.', '_').startsWith(key.split('_')[0]), true, key);
    assert.ok(first.id);
  }
});
