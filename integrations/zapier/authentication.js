// Signing in by an API key of the gateway. The one rule: the key goes to the gateway's own address and nowhere
// else, and over http only to this machine.
'use strict';

const LOCAL = new Set(['127.0.0.1', 'localhost', '[::1]']);

const baseUrl = (z, bundle) => {
  let url;
  try {
    url = new URL(bundle.authData.base_url);
  } catch {
    throw new z.errors.Error('The address must begin with https://.', 'invalid_address', 400);
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOCAL.has(url.hostname))) {
    throw new z.errors.Error('The address must begin with https://.', 'invalid_address', 400);
  }
  return url.href.replace(/\/+$/, '');
};

// A request to the gateway; `path` begins with /v1.
const ask = async (z, bundle, method, path, { body, headers } = {}) => {
  const response = await z.request({
    method,
    url: baseUrl(z, bundle) + path,
    headers: { ...headers },
    body,
    skipThrowForStatus: true,
  });
  return response.status === 204 ? {} : response.data;
};

const withKey = (request, z, bundle) => {
  const { authData } = bundle;
  if (authData && authData.base_url && request.url.startsWith(`${baseUrl(z, bundle)}/`)) {
    request.headers.Authorization = `Bearer ${authData.api_key}`;
    request.headers.Accept = 'application/json';
  }
  return request;
};

// The gateway's refusals are problem+json: `detail` is a sentence for people, `errors` name the fields.
const withItsOwnWords = (response, z) => {
  if (response.status < 400) {
    return response;
  }
  let told = {};
  try {
    told = JSON.parse(response.content);
  } catch {
    told = {};
  }
  const fields = (told.errors || []).map((one) => `${one.field}: ${one.message}`);
  const said = [told.detail || told.title || `The gateway answered ${response.status}.`, ...fields];
  const text = [...new Set(said)].join(' ');
  if (response.status === 429 || response.status === 503) {
    const wait = Number.parseInt(response.getHeader('retry-after'), 10);
    throw new z.errors.ThrottledError(text, Number.isNaN(wait) ? 60 : wait);
  }
  throw new z.errors.Error(text, told.code || 'refused', response.status);
};

const test = async (z, bundle) => {
  const found = await ask(z, bundle, 'GET', '/v1/event-types');
  return { address: new URL(baseUrl(z, bundle)).host, event_types: found.data.length };
};

module.exports = {
  ask,
  befores: [withKey],
  afters: [withItsOwnWords],
  authentication: {
    type: 'custom',
    test,
    connectionLabel: '{{address}}',
    fields: [
      {
        key: 'base_url',
        label: "Your gateway's address",
        type: 'string',
        required: true,
        placeholder: 'https://gifts.example.com',
        helpText: 'As `[server] public_url` in its config.toml says.',
      },
      {
        key: 'api_key',
        label: 'API key',
        type: 'password',
        required: true,
        helpText:
          'Made by `connector keys create ACCOUNT --name zapier --scope cards:read --scope cards:write ' +
          '--scope contacts --scope webhooks`. A key of a sandbox account to try things with.',
      },
    ],
  },
};
