/**
 * The page's database in this browser, IndexedDB, shared by all tabs: answers that are not yet
 * stored by the server, what is half done on cards, and who of the tabs sends.
 *
 * A newer page may find an older tab open: that one closes its connection when asked, and is
 * reloaded soon.
 */

const stores = /** @type {const} */ ([
  ["outbox", { keyPath: "key" }],
  ["lease", {}],
  ["drafts", { keyPath: "key" }],
]);

/** @returns {Promise<IDBDatabase>} */
export function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("annotd", 2);
    request.onupgradeneeded = () => {
      for (const [name, shape] of stores) {
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name, shape);
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds an older version of the database"));
  });
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function reply(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
export function complete(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser gave up writing"));
  });
}
