// The app: how it signs in, what it listens to, what it does. Everything that depends on the gateway's own
// words (events.json, actions.json) is written from the gateway by `python -m tests.integrations.written`.
'use strict';

const { authentication, befores, afters } = require('./authentication');
const { creates, searches } = require('./actions');
const { triggers } = require('./triggers');

module.exports = {
  version: require('./package.json').version,
  platformVersion: require('zapier-platform-core').version,
  authentication,
  beforeRequest: befores,
  afterResponse: afters,
  triggers,
  creates,
  searches,
};
