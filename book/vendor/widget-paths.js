// Loaded between require.js and embed-amd.js: widgets' own modules come from beside this file, never from another host.
{
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  requirejs.config({ paths: { anywidget: here + "anywidget" }, waitSeconds: 60 });
}
