// Starts ReDoc. The address is relative: a gateway may have taken a prefix of the path away.
// styled-components puts the nonce on the style elements that it makes; it must be there before the bundle runs.
window.__webpack_nonce__ = document.currentScript?.nonce;
document.addEventListener('DOMContentLoaded', () => {
  const options = { nonce: window.__webpack_nonce__, nativeScrollbars: true };
  Redoc.init('openapi.json', options, document.getElementById('redoc'));
});
