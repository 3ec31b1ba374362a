actor User {}

resource Org {
  roles = ["member"];
}

resource Repo {
  permissions = ["read"];
  roles = ["owner"];
  relations = { parent: Org };

  "read" if "guest";
  "push" if "owner";
  "read" if "member" on "folder";
  "read" if "boss" on "parent";
}

has_role(_: User, _: String, _: Org);
allow(actor, action, resource) if has_permission(actor, action, resource);
