// The data-entry pages show the theme that was chosen for the desk: Django's own script would ask the browser's store instead.
document.documentElement.dataset.theme = document.currentScript.dataset.theme || "auto";
