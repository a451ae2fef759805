/*
 * A receiver over HTTPS that knows nothing of us: it verifies by the packages `svix` and `standardwebhooks`.
 *
 * Its certificate (PEM, key and all) is the first argument. It prints its port. Each line on its input is an
 * array of secrets; for each request that came since the last one it prints what each package says of it with
 * each secret, and with the first one and a changed byte.
 */
const fs = require("node:fs");
const https = require("node:https");
const readline = require("node:readline");
const packages = { svix: require("svix").Webhook, standardwebhooks: require("standardwebhooks").Webhook };

const pem = fs.readFileSync(process.argv[2]);
const came = [];

function says(Webhook, secret, body, headers) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (refusal) {
    return false;
  }
}

function judge({ headers, body }, secrets) {
  const told = { id: headers["webhook-id"], body };
  for (const [name, Webhook] of Object.entries(packages)) {
    told[name] = secrets.map((secret) => says(Webhook, secret, body, headers));
    told[name].push(says(Webhook, secrets[0], body.replace('"type"', '"tyqe"'), headers));
  }
  return told;
}

const server = https.createServer({ key: pem, cert: pem }, (request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    came.push({ headers: request.headers, body: Buffer.concat(pieces).toString("utf8") });
    response.writeHead(200).end();
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));

const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => {
  for (const one of came.splice(0)) process.stdout.write(JSON.stringify(judge(one, JSON.parse(line))) + "\n");
});
input.on("close", () => process.exit(0));
