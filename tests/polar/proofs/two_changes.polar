#: bob edit draft
allow(user: User, "edit", post: Post) if
  post.published and
  user in post.editors;
