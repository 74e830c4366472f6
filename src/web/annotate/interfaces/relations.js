/**
 * `relations`: connect words, or spans of them, with named arrows.
 *
 * One presses where the arrow begins, then where it ends; it gets the active label. A label's key
 * makes it the active one, or, where an arrow is chosen, gives it to that. With
 * `relations_span_labels` there are two modes, and in the second the words are marked first, as in
 * `ner_manual`.
 *
 * The card in work is in relation_editor.js. Here is what goes into the answer and what the help
 * says.
 *
 * Rejected: asking for the label after each arrow, which costs a look and a press where most arrows
 * of a project have the same few.
 */

import { t } from "../../shared/i18n.js";
import { RelationEditor } from "../editors/relation_editor.js";

/** @import { Interface, Span, Task, Values } from "../state/types.js" */

/** @type {Interface} */
const relationsInterface = {
  draw: (host, _question, context) => new RelationEditor(host, context).view(),
  // Untouched, both go back as they came, whatever they are.
  answer: (task, values) => values ?? fromAnswer(task),
  fromAnswer,
  keys: (project) => [
    { keys: ["←", "→", "↑", "↓"], does: t("move the cursor from word to word, and from line to line") },
    { keys: ["⏎"], does: t("begin a relation here, or end it here") },
    { keys: ["1", "…", "9", "0"], does: t("choose a label and give it to the selected relation") },
    ...(project.config?.relations_span_labels
      ? [
          { keys: ["m"], does: t("switch between spans and relations") },
          { keys: ["⇧ ←", "⇧ →"], does: t("select several words") },
        ]
      : []),
    ...(project.labels.length > 10 ? [{ keys: ["/"], does: t("find a label by its name") }] : []),
    { keys: ["⌫"], does: t("remove the selection, or what was just drawn") },
    { keys: ["ctrl z"], does: t("undo the last change to the drawing") },
    { keys: ["esc"], does: t("cancel, or clear the selection") },
  ],
};

/**
 * @param {Task} record
 * @returns {Values}
 */
function fromAnswer({ spans = [], relations = [] }) {
  return { spans: /** @type {Span[]} */ (spans), relations };
}

export default relationsInterface;
