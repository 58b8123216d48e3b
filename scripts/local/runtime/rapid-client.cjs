// What the native addon of aws-lambda-ric exports, over node:http.
const http = require('node:http');

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true });

function call(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { hostname, port, method, path: `/2018-06-01/runtime/${path}`, agent, headers },
      (response) => {
        let bodyJson = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          bodyJson += chunk;
        });
        response.on('end', () => resolve({ bodyJson, headers: response.headers }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function post(path, body, headers = {}) {
  const length = Buffer.byteLength(body);
  return call('POST', path, body, {
    'Content-Type': 'application/json',
    'Content-Length': length,
    ...headers,
  });
}

// The addon's `done` and `error` block until they are sent: here `next` waits for them instead.
let sent = Promise.resolve();

module.exports = {
  async next() {
    await sent;
    return call('GET', 'invocation/next');
  },
  done(id, body) {
    sent = post(`invocation/${id}/response`, body);
  },
  error(id, body, xrayCause) {
    sent = post(`invocation/${id}/error`, body, {
      'Lambda-Runtime-Function-Error-Type': JSON.parse(body).errorType ?? 'Error',
      ...(xrayCause ? { 'Lambda-Runtime-Function-XRay-Error-Cause': xrayCause } : {}),
    });
  },
};
