actor User {}

resource Org {
  roles = ["owner"];
}

resource Repo {
  roles = ["admin", "writer"];
  relations = { parent: Org };

  "admin" if "owner" on "parnt";
  "writer" if "owner" of "parent";
  "writer" if "owner" on "writer";
}

has_role(_: User, _: String, _: Resource);
has_relation(_: Org, "parent", _: Repo);
allow(actor, action, resource) if has_permission(actor, action, resource);
