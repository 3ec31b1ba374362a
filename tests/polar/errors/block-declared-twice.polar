resource Repo {
  roles = ["reader", "writer"];
  permissions = ["read", "reader"];
}

resource Repo {
  roles = ["reader"];
  relations = { writer: User };
}

has_role(_: Resource, "reader", _: Repo);
has_relation(_: User, "writer", _: Repo);
allow(actor, action, resource) if has_permission(actor, action, resource);
has_permission(_: Resource, "read", _: Repo);
