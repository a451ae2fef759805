// Triggers by REST Hooks: Zapier subscribes a URL to one event and unsubscribes it again.
'use strict';

const { ask } = require('./authentication');
const events = require('./events.json');

const subscribe = (event) => async (z, bundle) =>
  ask(z, bundle, 'POST', '/v1/hooks', {
    body: { target_url: bundle.targetUrl, event: event || `custom.${bundle.inputData.name}` },
  });

const unsubscribe = async (z, bundle) =>
  ask(z, bundle, 'DELETE', `/v1/hooks/${encodeURIComponent(bundle.subscribeData.id)}`);

const samples = (event) => async (z, bundle) => {
  const name = event || `custom.${bundle.inputData.name}`;
  return ask(z, bundle, 'GET', `/v1/hooks/samples/${encodeURIComponent(name)}`);
};

const received = (z, bundle) => [bundle.cleanedRequest];

const trigger = ({ key, event, label, noun, description, sample }, inputFields = []) => ({
  key,
  noun,
  display: { label, description },
  operation: {
    type: 'hook',
    inputFields,
    performSubscribe: subscribe(event),
    performUnsubscribe: unsubscribe,
    perform: received,
    performList: samples(event),
    sample,
  },
});

const own = {
  key: 'custom',
  event: null,
  label: 'Message of a Recipe',
  noun: 'Message',
  description: "Triggers when a recipe's send_webhook step sends a message of this name.",
  sample: events[0].sample,
};
const named = {
  key: 'name',
  label: 'Name',
  type: 'string',
  required: true,
  helpText: 'What stands behind `custom.` in the recipe: `starred` for `send_webhook: {type: custom.starred}`.',
};

module.exports = {
  triggers: Object.fromEntries(
    [...events.map((one) => trigger(one)), trigger(own, [named])].map((one) => [one.key, one]),
  ),
};
