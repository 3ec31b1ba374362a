#: bob edit draft
allow(user: User, "edit", post: Post) if
  not post.closed and
  post.author = user;

allow(_visitor, "read", post: Post) if
  post.published;

allow(_user: User, "read", _: Folder);
