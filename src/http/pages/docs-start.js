// Starts Swagger UI. The address is relative: a gateway may have taken a prefix of the path away.
window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  docExpansion: 'list',
  deepLinking: true,
  layout: 'BaseLayout',
  validatorUrl: null,
});
