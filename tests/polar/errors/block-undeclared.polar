actor User {}

resource Org {
  roles = ["member"];
}

resource Repo {
  permissions = ["read", "push"];
  relations = { parent: Org, owner: User };

  "raed" if "push";
  "read" if "reader";
  "read" if "membre" on "parent";
  "push" if "member" off "parent";
  "push" if "member" on "read";
}

has_role(_: User, _: String, _: Org);
allow(actor, action, resource) if has_permission(actor, action, resource);
