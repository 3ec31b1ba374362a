#: bob edit draft
allow(user: User, "edit", post: Post) if
  user.age > 3 and
  (post.published or post.author = user or user.name = "root");
