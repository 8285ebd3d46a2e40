// Runs before the first paint, so that a dark page does not flash white. A file, not an inline
// script: the content security policy allows none.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem('wattle.theme');
  } catch (e) {
    theme = null;
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
})();
