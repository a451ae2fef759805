// Actions and searches, each one of the gateway's /v1/actions. The one rule: what is left empty is not sent.
'use strict';

const { ask } = require('./authentication');
const actions = require('./actions.json');

const REPEATED = {
  key: 'idempotency_key',
  label: 'Only Once For',
  type: 'string',
  required: false,
  helpText:
    'An id of what this is done for, such as the order number: when Zapier repeats the step, the first answer is ' +
    'given again and nothing is done twice.',
};

const filled = (fields) =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );

const perform = (action) => async (z, bundle) => {
  const { idempotency_key: once, ...fields } = bundle.inputData;
  const headers = once ? { 'Idempotency-Key': `zapier-${action}-${z.hash('sha256', String(once))}` } : {};
  return ask(z, bundle, 'POST', `/v1/actions/${action}`, { body: filled(fields), headers });
};

const found = (action) => async (z, bundle) => {
  const answer = await perform(action)(z, bundle);
  return answer.cards || [{ id: 'balance', ...answer }];
};

const shown = ({ key, action, noun, label, description, inputFields, sample, is_search: isSearch }) => ({
  key,
  noun,
  display: { label, description },
  operation: {
    inputFields: isSearch ? inputFields : [...inputFields, REPEATED],
    perform: isSearch ? found(action) : perform(action),
    sample,
  },
});

const byKey = (list) => Object.fromEntries(list.map((one) => [one.key, shown(one)]));

module.exports = {
  creates: byKey(actions.filter((one) => !one.is_search)),
  searches: byKey(actions.filter((one) => one.is_search)),
};
