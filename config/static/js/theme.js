// Runs before the first paint: Tabler wants its theme named, ours follows the system by itself.
const dark = matchMedia("(prefers-color-scheme: dark)");
const showTheme = () => {
  document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
};
showTheme();
dark.addEventListener("change", showTheme);
