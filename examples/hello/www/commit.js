// The commit is the name of the one file in /commit/.
const link = document.querySelector("#commit");
const listing = await fetch("/commit/").then((response) => (response.ok ? response.text() : ""));
const [commit] = /\b(?:[0-9a-f]{40}|unknown)\b/.exec(listing) ?? [];
if (link !== null && commit !== undefined) {
  link.textContent = commit.slice(0, 12);
  link.setAttribute("title", commit);
}
