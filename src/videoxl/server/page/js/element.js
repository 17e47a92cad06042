// Elements from code. Text goes in as text nodes only: nothing that a server or a person wrote is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element. Attributes that are null or false are left out, true gives an empty one, a function listens
 * (`{click: f}`), and `style` takes custom properties by name. Children that are null or false are left out.
 */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** A button that submits nothing. */
export function button(attributes, ...children) {
  return element("button", { type: "button", ...attributes }, ...children);
}

export function svgElement(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** One of the symbols in index.html; decoration, so hidden from those who listen. */
export function icon(name) {
  const use = svgElement("use", { href: `#icon-${name}` });
  return svgElement("svg", { class: "icon", "aria-hidden": "true", focusable: "false" }, use);
}

/** An image that takes itself away where there is nothing to show. */
export function picture(source, attributes = {}) {
  const image = element("img", { alt: "", loading: "lazy", decoding: "async", ...attributes });
  image.addEventListener("error", () => image.removeAttribute("src"));
  if (source) image.src = source;
  return image;
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "style") for (const [key, setting] of Object.entries(value)) node.style.setProperty(key, setting);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
