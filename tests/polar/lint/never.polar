# Rules that can never apply, and rules that a cut keeps from being tried.

## two-values: OSO102
allow(_: User, "read", doc: Doc) if doc.state = "new" and doc.state = "done";
## two-numbers: OSO102
allow(_: User, "read", doc: Doc) if doc.size = 1 and doc.size = 2;
## two-values-of-a-variable: OSO102
allow(_: User, action, doc: Doc) if action = "read" and action = "edit" and doc.open;
## two-values-by-another-name: OSO102
allow(_: User, "read", doc: Doc) if state = doc.state and state = "new" and state = "done";
## value-against-the-head: OSO102
allow(_: User, action: "read", doc: Doc) if action = "edit" and doc.open;
## true-and-false: OSO102
allow(_: User, "read", doc: Doc) if doc.open = true and doc.open = false;
## bare-and-false: OSO102
allow(_: User, "read", doc: Doc) if doc.open and doc.open = false;
## bare-and-not: OSO102
allow(_: User, "read", doc: Doc) if doc.open and not doc.open;
## bounds: OSO102
allow(_: User, "read", doc: Doc) if doc.size < 1 and doc.size > 2;
## bounds-that-touch: OSO102
allow(_: User, "read", doc: Doc) if doc.size < 2 and doc.size >= 2;
## bounds-turned: OSO102
allow(_: User, "read", doc: Doc) if 2 < doc.size and 1 > doc.size;
## value-outside-of-a-bound: OSO102
allow(_: User, "read", doc: Doc) if doc.size = 3 and doc.size < 3;
## value-that-differs: OSO102
allow(_: User, "read", doc: Doc) if doc.state = "new" and doc.state != "new";
## value-that-is-not: OSO102
allow(_: User, "read", doc: Doc) if doc.state = "new" and not doc.state = "new";
## value-outside-of-a-list: OSO102
allow(_: User, "read", doc: Doc) if doc.state in ["new", "open"] and doc.state = "done";
## two-lists: OSO102
allow(_: User, "read", doc: Doc) if doc.state in ["new", "open"] and doc.state in ["done"];
## list-that-is-used-up: OSO102
allow(_: User, "read", doc: Doc) if doc.state in ["new", "open"] and doc.state != "new" and doc.state != "open";
## list-and-bound: OSO102
allow(_: User, "read", doc: Doc) if doc.size in [1, 2] and doc.size > 2;
## empty-list: OSO102
allow(_: User, "read", doc: Doc) if doc.state in [];
## literals: OSO102
allow(_: User, "read", doc: Doc) if 1 = 2 and doc.open;
## literal-order: OSO102
allow(_: User, "read", doc: Doc) if 3 < 2 and doc.open;
## order-both-ways: OSO102
allow(user: User, "read", doc: Doc) if doc.size < user.id and user.id < doc.size;
## order-both-ways-with-equal: OSO102
allow(user: User, "read", doc: Doc) if doc.size < user.id and user.id <= doc.size;
## less-than-itself: OSO102
allow(_: User, "read", doc: Doc) if doc.size < doc.size;
## equation-and-negation: OSO102
allow(user: User, "read", doc: Doc) if doc.owner = user and not doc.owner = user;
## equation-and-difference: OSO102
allow(user: User, "read", doc: Doc) if doc.owner = user and user != doc.owner;
## call-and-negation: OSO102
allow(user: User, "read", doc: Doc) if mine(user, doc) and not mine(user, doc);
mine(user: User, doc: Doc) if doc.owner = user;
## both-sides-of-or: OSO102
allow(_: User, "read", doc: Doc) if (doc.size = 1 and doc.size = 2) or (doc.size = 3 and doc.size = 4);
## other-class: OSO102
allow(_: User, "read", doc: Doc) if doc matches Folder and doc.owner = doc.owner;
## class-of-a-value: OSO102
allow(_: User, "read", doc: Doc) if doc matches String;
## two-classes-by-matches: OSO102
allow(_: User, "read", it) if it matches Doc and it matches Folder;
## class-of-a-literal: OSO017 OSO102
allow(_: User, action: Integer, doc: Doc) if action = "read" and doc.open;
## field-of-a-pattern: OSO102
allow(_: User, "read", doc: Doc{state: "new"}) if doc.state = "done";
## two-fields: OSO102
allow(_: User, "read", doc: Doc{state: "new"}) if doc matches Doc{state: "done"};
## helper-of-another-class: OSO102
allow(_: User, "read", doc: Doc) if is_open(doc);
is_open(folder: Folder) if folder.name = "a";
## helper-of-another-word: OSO102
allow(user: User, "read", doc: Doc) if may(user, "see", doc);
may(user: User, "look", doc: Doc) if doc.owner = user;
## helper-of-a-helper: OSO102 OSO102
allow(_: User, "read", doc: Doc) if is_open(doc);
is_open(doc: Doc) if is_named(doc);
is_named(folder: Folder) if folder.name = "a";
## helper-with-a-value: OSO102
allow(_: User, "read", doc: Doc) if is_in(doc, "new");
is_in(doc: Doc, state) if doc.state = state and state = "done";
## equal-of-equal: OSO102
allow(user: User, "read", doc: Doc) if doc.state = user.name and user.name = "a" and doc.state = "b";
## false: OSO102
allow(_: User, "read", doc: Doc) if doc.open and false;
## rule-behind-a-cut: OSO103
allow(_: User, "read", doc: Doc) if cut and doc.open;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## rule-behind-a-cut-with-its-condition: OSO103
allow(_: User, "read", doc: Doc) if doc.open and cut and doc.size > 1;
allow(_: User, "read", doc: Doc) if doc.open and doc.size < 1;
## rule-behind-a-cut-of-the-same-words: OSO103
allow(_: User, "read", doc: Doc) if doc.state = "new" and cut and doc.size = 1;
allow(_: User, "read", it: Doc) if it.state = "new" and it.open;
## two-rules-behind-a-cut: OSO103 OSO103
allow(_: User, "read", _: Doc) if cut;
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(_: User, "read", doc: Doc) if doc.open;
## helper-behind-a-cut: OSO103
allow(user: User, "read", doc: Doc) if rank(user, doc);
rank(_: User, doc: Doc) if cut and doc.size = 1;
rank(user: User, doc: Doc) if doc.owner = user;
## misspelt-allow: OSO104
allow(user: User, "read", doc: Doc) if doc.owner = user;
alow(user: User, "edit", doc: Doc) if doc.owner = user;
## misspelt-role: OSO104
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; roles = ["reader", "writer"]; "read" if "reader"; "reader" if "writer"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
has_role(user: User, "writer", doc: Doc) if user in doc.readers and doc.open;
has_rloe(user: User, "reader", doc: Doc) if doc.owner = user;
## rule-without-a-beginning: OSO102 OSO102
allow(user: User, "read", folder: Folder) if is_below(user, folder);
is_below(user: User, folder: Folder) if is_below(user, folder.parent);
## circle-without-a-beginning: OSO102 OSO102 OSO102
allow(user: User, "read", folder: Folder) if is_even(user, folder);
is_even(user: User, folder: Folder) if is_odd(user, folder.parent);
is_odd(user: User, folder: Folder) if is_even(user, folder.parent);
## side-that-asks-in-vain: OSO102
allow(user: User, "read", doc: Doc) if doc.open or is_owner(doc, user);
is_owner(user: User, doc: Doc) if doc.owner = user;
