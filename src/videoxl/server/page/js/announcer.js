// What a screen reader says when something happened elsewhere on the page.

export class Announcer {
  constructor(root) {
    this.root = root;
  }

  say(text) {
    // The same sentence twice is only spoken twice when the region was empty in between.
    this.root.textContent = "";
    requestAnimationFrame(() => (this.root.textContent = text));
  }
}
