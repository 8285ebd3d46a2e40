// Shows /api/v1/openapi.json. Calls go out with the session of the console, so they need the header that
// foreign pages cannot send; a key for what must not happen twice is drawn for each call.
SwaggerUIBundle({
  dom_id: '#api',
  url: '/api/v1/openapi.json',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
  requestInterceptor(request) {
    if (request.method !== 'GET') request.headers['X-Wattle-Request'] = '1'
    if (request.method === 'POST' && !request.headers['Idempotency-Key']) request.headers['Idempotency-Key'] = crypto.randomUUID()
    return request
  },
})
