// The page: makes its parts and lets them know of each other.

import { Adding } from "./adding.js";
import { Announcer } from "./announcer.js";
import { AskBox } from "./ask_box.js";
import { Client, memoryPath } from "./client.js";
import { CompareDialog } from "./compare_dialog.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { KeyDialog, QuestionDialog, closable } from "./dialogs.js";
import { sentence } from "./failure.js";
import { Film } from "./film.js";
import { Library } from "./library.js";
import { Menu, choice, download } from "./menu.js";
import { Model } from "./model.js";
import { Notices } from "./notices.js";
import { Player } from "./player.js";
import { Recipes } from "./recipes.js";
import { Route } from "./route.js";
import { needsOf, save } from "./saving.js";
import { offerSignOut, signIn, startSignOut } from "./session.js";
import { Settings, settingsOf } from "./settings.js";
import { Shortcuts } from "./shortcuts.js";
import { Tabs } from "./tabs.js";
import { startTheme } from "./theme.js";
import { knowledge } from "./watching.js";

const LOADING = "The model is being loaded; answers come when it is there.";
const NOTE_SECONDS_EVERY_MS = 1000;
const part = (id) => document.getElementById(id);

const announcer = new Announcer(part("announcer"));
const notices = new Notices(part("notices"));
const keys = new KeyDialog(part("key"), signIn);
const questions = new QuestionDialog(part("question"));
const connection = new Connection();
const client = new Client(connection, async () => {
  if (!part("sign-in").hidden) return false; // refused before: not asked again until somebody wants to
  const isSignedIn = await keys.ask();
  part("sign-in").hidden = isSignedIn;
  if (isSignedIn) offerSignOut(part("sign-out"), client).catch(() => {});
  return isSignedIn;
});
const route = new Route();
const model = new Model(client);
const tabs = new Tabs();
const settings = new Settings(part("settings"));
const player = new Player(part("player"), connection);
const jump = (seconds) => player.jump(seconds);
const playFrom = (seconds, source) => {
  film.showSource(source, seconds);
  player.jump(seconds, { plays: !matchMedia("(prefers-reduced-motion: reduce)").matches });
};
const warn = (error) => notices.warn(sentence(error));

const film = new Film(part("film"), { client, player, onSeek: jump, onRetry: (lane) => retry(lane), onFailure: warn });
const conversation = new Conversation(part("exchanges"), { client, announcer, tabs, onJump: playFrom });
const askBox = new AskBox(part("ask"), part("suggestions"), {
  onAsk: (text) => conversation.ask(text),
  onStop: () => conversation.stop(),
});
const library = new Library(part("library"), { client, tabs, route, questions, notices, announcer });
const recipes = new Recipes(part("recipes"), { client, conversation, questions, notices, announcer });
const compareDialog = new CompareDialog(part("compare"), {
  client,
  onChoose: (id) => route.go({ memory: route.memory, compare: id }),
});
new Adding({ client, settings, tabs, notices, onAdded: (memory) => added(memory) });
new Menu(part("export"), {
  label: "Export answers", symbol: "download",
  items: () => recipes.formats.map((format) => choice(format.toUpperCase(), () => exportAnswers(format))),
});
new Menu(part("film-menu"), { label: "More", symbol: "more", isIconOnly: true, items: () => filmChoices() });

/** Show what the address says. */
async function show() {
  const { memory: id, compare } = route;
  const isFilm = id !== null;
  document.body.dataset.view = isFilm ? "film" : "start";
  document.body.toggleAttribute("data-compare", isFilm && compare !== null);
  part("start").hidden = isFilm;
  part("film").hidden = part("conversation").hidden = !isFilm;
  part("compare-open").querySelector("span").textContent = compare ? "Stop comparing" : "Compare";
  const [before, seconds] = [film.lanes, route.seconds];
  film.open(id, compare, seconds);
  if (!isFilm) document.title = "videoxl";
  const isSame = before.length === film.lanes.length && before.every((lane, index) => lane === film.lanes[index]);
  if (isSame) return seconds === null || jump(seconds);
  askBox.open(id);
  try {
    await conversation.open(film.lanes);
  } catch (error) {
    if (error.status !== 404) warn(error); // one that is gone is told of by the film
  }
  if (route.memory !== id) return;
  recipes.open(id);
  suggest();
}

function suggest() {
  const { memory } = film;
  const known = film.lanes.map((lane) => (lane.memory ? knowledge(lane.memory) : ""));
  const notes = [model.state === "loading" ? LOADING : "", ...known];
  askBox.say(memory ? notes.find(Boolean) ?? "" : "");
  const isAskable = Boolean(memory?.intervals?.length);
  askBox.suggest(memory?.model, isAskable && conversation.isEmpty && !conversation.isBusy);
}

function added(memory) {
  if (route.memory === null) route.go({ memory: memory.id });
  else notices.tell(`${memory.title} is in the library.`);
}

async function exportAnswers(format) {
  const needs = await needsOf(format, questions);
  if (needs === null) return;
  const path = `${memoryPath(route.memory, `answers.${format}`)}?${new URLSearchParams(needs)}`;
  save(client, notices, path, undefined, `answers.${format}`);
}

async function retry(lane) {
  const { id, title } = lane.memory;
  try {
    await client.post("/v1/memories", { ...settingsOf(lane.memory), source: { memory_id: id }, title });
    tabs.changed(id);
  } catch (error) {
    warn(error);
  }
}

function filmChoices() {
  const { memory } = film;
  if (!memory) return [];
  const file = download("Download the memory", memoryPath(memory.id, "export"), "one file, to import elsewhere");
  return [
    ...(memory.state === "ready" ? [file] : []),
    ...(memory.has_video ? [download("Download the video", memoryPath(memory.id, "video"))] : []),
    choice("Rename", () => library.rename(memory)),
    choice("Delete", () => library.delete(memory)),
  ];
}

function compare() {
  if (route.compare) route.go({ memory: route.memory });
  else if (film.memory) compareDialog.open(film.memory, settings.ratios);
}

function focusHeading() {
  part(route.memory === null ? "start-heading" : "film-title").focus();
}

route.addEventListener("change", () => {
  show();
  focusHeading();
});
film.addEventListener("change", () => {
  conversation.label();
  film.showMoments(conversation.moments);
  suggest();
});
film.addEventListener("gone", ({ detail }) => {
  notices.warn("There is no such memory any more. It may have been deleted.");
  route.go(detail === route.memory ? {} : { memory: route.memory });
});
model.addEventListener("change", () => {
  if (model.state === "failed") notices.warn(model.why || "The model could not be loaded; the server's log says why.");
  if (model.ratios.length) settings.offer(model.ratios, model.preferred);
  suggest();
});
conversation.addEventListener("shown", () => film.showMoments(conversation.moments));
conversation.addEventListener("busy", () => {
  askBox.busy(conversation.isBusy);
  suggest();
});
tabs.addEventListener("change", ({ detail }) => {
  film.refresh(detail);
  conversation.refresh().then(suggest, () => {});
});
connection.addEventListener("lost", () => (part("connection").textContent = "The server does not answer. Trying again\u2026"));
connection.addEventListener("back", () => {
  part("connection").textContent = "";
  film.refresh();
  conversation.refresh().then(suggest, () => {});
});

let notedAt = 0;
player.addEventListener("time", () => {
  if (route.memory === null || performance.now() - notedAt < NOTE_SECONDS_EVERY_MS) return;
  notedAt = performance.now();
  route.noteSeconds(player.seconds);
});
addEventListener("pagehide", () => route.memory && route.noteSeconds(player.seconds));

document.addEventListener("click", (event) => {
  const home = event.target.closest("a[data-home]");
  if (!home || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  route.go({});
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  focusHeading();
});
closable(part("help"));
part("help-open").addEventListener("click", () => part("help").showModal());
part("compare-open").addEventListener("click", compare);
startTheme(part("theme"), (text) => announcer.say(text));
part("sign-in").addEventListener("click", () => location.reload());
startSignOut(part("sign-out"), client, notices);
new Shortcuts({
  "/": () => (route.memory ? part("ask-text") : part("address-text")).focus(),
  k: () => player.toggle(),
  j: () => jump(player.seconds - 10),
  l: () => jump(player.seconds + 10),
  n: () => conversation.step(1),
  p: () => conversation.step(-1),
  "[": () => film.step(-1),
  "]": () => film.step(1),
  s: () => library.focusSearch(),
  a: () => route.go({}),
  c: () => route.memory && compare(),
  "?": () => part("help").showModal(),
  Escape: () => conversation.stop(),
}, part("single-keys"));

library.refresh();
recipes.load().catch(() => {});
offerSignOut(part("sign-out"), client).catch(() => {});
await show();
