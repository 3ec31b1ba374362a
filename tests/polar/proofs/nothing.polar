#: ann read posts
allow(_: User, "list", "posts");
allow(_: User, "read", _: Post{published: true});
