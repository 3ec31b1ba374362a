# What nobody has, and what everybody has.

## permission: OSO201
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read", "edit"]; "read" if "reader"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## two-permissions: OSO201 OSO201
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read", "edit", "drop"]; "read" if "reader"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## permission-of-another-class: OSO201
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; }
resource Folder { permissions = ["read"]; }
has_permission(user: User, "read", doc: Doc) if doc.owner = user;
## permission-of-another-word: OSO201
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read", "see"]; }
has_permission(user: User, "read", doc: Doc) if doc.owner = user;
## permission-by-a-list: OSO201
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read", "edit", "drop"]; }
has_permission(user: User, name: String, doc: Doc) if name in ["read", "edit"] and doc.owner = user;
## permission-that-another-one-needs: OSO201
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read", "edit"]; "read" if "edit"; }
has_permission(user: User, "read", doc: Doc) if doc.owner = user;
## role: OSO202
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader", "writer"]; permissions = ["read", "edit"]; "read" if "reader"; "edit" if "writer"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## role-of-another-class: OSO202
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
resource Folder { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## role-implied-by-none: OSO202
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader", "writer"]; permissions = ["read"]; "read" if "reader"; "reader" if "writer"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## everything: OSO401
allow(_, _, _);
## everything-with-names: OSO401
allow(_actor, _action, _resource);
## everything-that-is-a-resource: OSO401
allow(_, _, _: Resource);
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; }
has_permission(user: User, "read", doc: Doc) if doc.owner = user;
## every-text: OSO401
allow(_, _: String, _);
## open-actor: OSO402
allow(_, "delete", _: Doc);
## open-actor-with-a-name: OSO402
allow(_actor, "edit", _: Doc);
## open-actor-and-action: OSO402
allow(_, _, _: Doc);
## open-actor-and-resource: OSO402
allow(_, "edit", _);
## open-actor-with-a-condition: OSO402
allow(_, "edit", doc: Doc) if doc.open;
## open-actor-with-a-list: OSO402
allow(_, action, doc: Doc) if action in ["edit", "drop"] and doc.open;
## open-actor-with-a-pattern: OSO402
allow(_, "edit", _: Doc{state: "new"});
## open-actor-of-a-subclass: OSO402
allow(_, "edit", _: Memo);
## open-actor-beside-others: OSO402
allow(user: User, "edit", doc: Doc) if doc.owner = user;
allow(_, "drop", _: Folder);
## open-role: OSO402
allow(user: User, "edit", doc: Doc) if has_role(user, "owner", doc);
has_role(_, "owner", _: Doc);
## open-role-with-a-condition: OSO402
allow(user: User, "edit", doc: Doc) if has_role(user, "owner", doc);
has_role(_, "owner", doc: Doc) if doc.open;
