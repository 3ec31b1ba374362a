# What a load warns of, with its code.

## unknown-class: OSO010
allow(_: Useer, "read", _: Doc);
## class-in-quotes: OSO011
allow(_: User, "read", _: "Doc");
## unbound-name: OSO013
allow(user: User, "read", doc: Doc) if doc.owner = None and user = None;
## wrong-number-of-arguments: OSO014 OSO102
allow(user: User, "read", doc: Doc) if mine(user, doc);
mine(user: User) if user.is_admin;
## undeclared-role: OSO015 OSO015 OSO102
allow(user: User, "edit", doc: Doc) if has_role(user, "readr", doc);
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## object-and-text: OSO017
allow(_: User, "read", doc: Doc) if doc.owner = "ana";
## number-and-text: OSO017
allow(_: User, "read", doc: Doc) if doc.size = "3";
## list-of-actions: OSO017
allow(_: User, ["read", "edit"], doc: Doc) if doc.open;
## dictionary-of-actions: OSO017
allow(_: User, {read: true}, doc: Doc) if doc.open;
## any-action-as-a-star: OSO017
allow(_: User, "*", doc: Doc) if doc.open;
## several-actions-in-one-text: OSO017
allow(_: User, "read, edit", doc: Doc) if doc.open;
## action-in-a-text: OSO017
allow(_: User, action, doc: Doc) if action in "read, edit" and doc.open;
## class-in-quotes-behind-matches: OSO011
allow(user: User, "read", doc) if doc matches "Doc" and user.is_admin;
## no-allow: OSO018
mine(user: User, doc: Doc) if doc.owner = user;
## blocks-unused: OSO019
allow(user: User, "read", doc: Doc) if doc.owner = user;
actor User {}
resource Doc { permissions = ["read"]; }
has_permission(user: User, "read", doc: Doc) if doc.owner = user;
## only-declared: OSO020
allow(user: User, "read", doc: Doc) if is_open(doc) and user.is_admin;
declare is_open(Doc);
## circular: OSO021
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["a", "b"]; permissions = ["read"]; "read" if "a"; "a" if "b"; "b" if "a"; }
has_role(user: User, "a", doc: Doc) if user in doc.readers;
## ambiguous: OSO025
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open or user.is_admin;
## syntax: OSO001
allow(user: User, "read", doc: Doc) if doc.owner = ;
## undefined-rule: OSO001
allow(user: User, "read", doc: Doc) if mine(user, doc);
## failed-query: OSO001
allow(user: User, "read", doc: Doc) if doc.owner = user;
?= allow("ana", "read", "doc");
