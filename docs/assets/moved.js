// A page that moved: query and anchor come along, and «Back» does not lead here again.

const to = new URL(document.querySelector("#moved").href);
to.search = location.search;
to.hash = location.hash || to.hash;
location.replace(to);
