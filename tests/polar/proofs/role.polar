#: ann edit draft
actor User {}

resource Org {
  roles = ["reader", "editor", "owner"];

  "reader" if "editor";
  "editor" if "owner";
}

resource Folder {
  permissions = ["read"];
  roles = ["keeper"];
  relations = { org: Org };

  "keeper" if "owner" on "org";
}

resource Post {
  permissions = ["read", "edit"];
  relations = { folder: Folder, org: Org };

  "edit" if "editor" on "org";
  "edit" if "keeper" on "folder";
  "read" if "reader" on "org";
}

allow(actor, action, resource) if
  has_permission(actor, action, resource);

has_role(user: User, name: String, org: Org) if
  role in user.roles and
  role.org = org and
  role.name = name;

has_relation(org: Org, "org", folder: Folder) if
  folder.org = org;

has_relation(folder: Folder, "folder", post: Post) if
  post.folder = folder;

has_relation(org: Org, "org", post: Post) if
  post.folder.org = org;
