/**
 * What each command does, whether it came from a key, a button, the menu or a swipe.
 */

import { t } from "../../shared/i18n.js";
import * as dialogs from "../view/dialogs.js";
import { showMenu } from "../view/menu.js";
import { answersWaitHere } from "../view/messages.js";

/** @import { Command } from "../state/keys.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Interface, Project } from "../state/types.js" */
/** @import { AnswerFlow } from "./answer_flow.js" */
/** @import { EarlierAnswers } from "./earlier_answers.js" */
/** @import { KeyBindings } from "./key_bindings.js" */

export class Commands {
  /**
   * @param {{
   *   project: Project,
   *   kind: Interface,
   *   store: Store,
   *   keyBindings: KeyBindings,
   *   answerFlow: AnswerFlow,
   *   earlierAnswers: EarlierAnswers,
   *   say: (words: string) => void,
   *   announce: (words: string) => void,
   *   send: () => Promise<number>,
   *   stop: () => void,
   *   reload: () => void, }} page `send` sends what waits and returns how many answers still wait;
   *   `stop` ends the session
   */
  constructor(page) {
    this.page = page;
  }

  /** @param {Command} command */
  async run(command) {
    const { answerFlow, earlierAnswers, announce, project } = this.page;
    switch (command) {
      case "accept":
      case "reject":
      case "ignore":
        return answerFlow.answer(command);
      case "undo":
        return earlierAnswers.undo();
      case "forward":
        return earlierAnswers.forward();
      case "flag": {
        const flagged = answerFlow.flag();
        if (flagged !== null) announce(flagged ? t("flagged") : t("flag removed"));
        return;
      }
      case "save": {
        const waiting = await this.page.send();
        announce(waiting ? answersWaitHere(waiting) : t("Everything is saved."));
        return;
      }
      case "help":
        return this.showKeys();
      case "comment":
        return answerFlow.comment();
      case "history":
        return earlierAnswers.history();
      case "instructions":
        return dialogs.showInstructions(project);
    }
  }

  showMenu() {
    const { project, store, keyBindings, earlierAnswers, stop, reload } = this.page;
    showMenu(project, {
      instructions: () => dialogs.showInstructions(project),
      keys: () => this.showKeys(),
      history: () => earlierAnswers.history(),
      flagged: store.card?.flagged ?? null,
      flag: () => {
        dialogs.close();
        void this.run("flag");
      },
      stop,
      swipe: keyBindings.swipe,
      setSwipe: (swipe) => keyBindings.change({ ...keyBindings.settings, swipe }),
      renew: reload,
    });
  }

  showKeys() {
    const { project, kind, keyBindings } = this.page;
    dialogs.showKeys(keyBindings.map, kind, project, keyBindings.settings, () => void this.openKeySettings());
  }

  /** Changing keys is rare: the module is fetched when it is needed. */
  async openKeySettings() {
    const { project, kind, keyBindings, say } = this.page;
    try {
      const { showKeySettings } = await import("../view/key_settings.js");
      showKeySettings(project, kind, () => keyBindings.settings, (settings) => keyBindings.change(settings));
    } catch {
      say(t("The server cannot be reached."));
    }
  }
}
