// What is wider than the screen scrolls by keyboard too; the theme's copy buttons stop being landmarks without a name.

const watch = new ResizeObserver((seen) => {
  for (const { target } of seen) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

addEventListener("DOMContentLoaded", () => {
  for (const one of document.querySelectorAll(".md-typeset__scrollwrap, pre > code")) watch.observe(one);
  for (const one of document.querySelectorAll(".md-code__nav")) one.setAttribute("role", "none");
});
