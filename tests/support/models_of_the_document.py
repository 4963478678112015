"""What the document says of its models, typed out: the models are held against this."""

from typing import Any

# The field's class, and what it was given beyond Django's defaults: an option that is not here
# is not set. Every relation cascades, so on_delete is left out.
Declaration = tuple[str, dict[str, Any]]

FIELDS: dict[str, dict[str, Declaration]] = {
    "CourseCategory": {
        "name": ("CharField", {"max_length": 64, "unique": True}),
    },
    "CourseSubCategory": {
        "category": ("ForeignKey", {"to": "api.coursecategory"}),
        "name": ("CharField", {"max_length": 64, "unique": True}),
    },
    "DegreeCourse": {
        "name": ("CharField", {"max_length": 128, "unique": True}),
        "course_img": ("CharField", {"verbose_name": "缩略图", "max_length": 255}),
        "brief": ("TextField", {"verbose_name": "学位课程简介"}),
        "total_scholarship": (
            "PositiveIntegerField",
            {"verbose_name": "总奖学金(贝里)", "default": 40000},
        ),
        "mentor_compensation_bonus": (
            "PositiveIntegerField",
            {"verbose_name": "本课程的导师辅导费用(贝里)", "default": 15000},
        ),
        "period": ("PositiveIntegerField", {"verbose_name": "建议学习周期(days)", "default": 150}),
        "prerequisite": ("TextField", {"verbose_name": "课程先修要求", "max_length": 1024}),
        "teachers": ("ManyToManyField", {"verbose_name": "课程讲师", "to": "api.teacher"}),
    },
    "Teacher": {
        "name": ("CharField", {"max_length": 32}),
        "role": ("SmallIntegerField", {"default": 0, "choices": ((0, "讲师"), (1, "导师"))}),
        "title": ("CharField", {"verbose_name": "职位、职称", "max_length": 64}),
        "signature": (
            "CharField",
            {"max_length": 255, "blank": True, "null": True, "help_text": "导师签名"},
        ),
        "image": ("CharField", {"max_length": 128}),
        "brief": ("TextField", {"max_length": 1024}),
    },
    "Scholarship": {
        "degree_course": ("ForeignKey", {"to": "api.degreecourse"}),
        "time_percent": (
            "PositiveSmallIntegerField",
            {"verbose_name": "奖励档位(时间百分比)", "help_text": "只填百分值,如80,代表80%"},
        ),
        "value": ("PositiveIntegerField", {"verbose_name": "奖学金数额"}),
    },
    "Course": {
        "name": ("CharField", {"max_length": 128, "unique": True}),
        "course_img": ("CharField", {"max_length": 255}),
        "sub_category": ("ForeignKey", {"to": "api.coursesubcategory"}),
        "course_type": (
            "SmallIntegerField",
            {"choices": ((0, "付费"), (1, "VIP专享"), (2, "学位课程"))},
        ),
        "degree_course": (
            "ForeignKey",
            {
                "blank": True,
                "null": True,
                "help_text": "若是学位课程,此处关联学位表",
                "to": "api.degreecourse",
            },
        ),
        "brief": ("TextField", {"verbose_name": "课程(模块)概述", "max_length": 2048}),
        "level": (
            "SmallIntegerField",
            {"default": 1, "choices": ((0, "初级"), (1, "中级"), (2, "高级"))},
        ),
        "pub_date": ("DateField", {"verbose_name": "发布日期", "blank": True, "null": True}),
        "period": ("PositiveIntegerField", {"verbose_name": "建议学习周期(days)", "default": 7}),
        "order": (
            "IntegerField",
            {"verbose_name": "课程顺序", "help_text": "从上一个课程数字往后排"},
        ),
        "attachment_path": (
            "CharField",
            {"verbose_name": "课件路径", "max_length": 128, "blank": True, "null": True},
        ),
        "status": (
            "SmallIntegerField",
            {"default": 0, "choices": ((0, "上线"), (1, "下线"), (2, "预上线"))},
        ),
        "template_id": ("SmallIntegerField", {"verbose_name": "前端模板id", "default": 1}),
    },
    "CourseDetail": {
        "course": ("OneToOneField", {"to": "api.course"}),
        "hours": ("IntegerField", {"verbose_name": "课时"}),
        "course_slogan": ("CharField", {"max_length": 125, "blank": True, "null": True}),
        "video_brief_link": (
            "CharField",
            {"verbose_name": "课程介绍", "max_length": 255, "blank": True, "null": True},
        ),
        "why_study": ("TextField", {"verbose_name": "为什么学习这门课程"}),
        "what_to_study_brief": ("TextField", {"verbose_name": "我将学到哪些内容"}),
        "career_improvement": ("TextField", {"verbose_name": "此项目如何有助于我的职业生涯"}),
        "prerequisite": ("TextField", {"verbose_name": "课程先修要求", "max_length": 1024}),
        "recommend_courses": (
            "ManyToManyField",
            {"blank": True, "related_name": "recommend_by", "to": "api.course"},
        ),
        "teachers": ("ManyToManyField", {"verbose_name": "课程讲师", "to": "api.teacher"}),
    },
    "OftenAskedQuestion": {
        "content_type": ("ForeignKey", {"to": "contenttypes.contenttype"}),
        "object_id": ("PositiveIntegerField", {}),
        "question": ("CharField", {"max_length": 255}),
        "answer": ("TextField", {"max_length": 1024}),
    },
    "CourseOutline": {
        "course_detail": ("ForeignKey", {"to": "api.coursedetail"}),
        "order": ("PositiveSmallIntegerField", {"default": 1}),
        "title": ("CharField", {"max_length": 128}),
        "content": ("TextField", {"verbose_name": "内容", "max_length": 2048}),
    },
    "CourseChapter": {
        "course": ("ForeignKey", {"related_name": "coursechapters", "to": "api.course"}),
        "chapter": ("SmallIntegerField", {"verbose_name": "第几章", "default": 1}),
        "name": ("CharField", {"max_length": 128}),
        "summary": ("TextField", {"verbose_name": "章节介绍", "blank": True, "null": True}),
        "pub_date": ("DateField", {"verbose_name": "发布日期", "auto_now_add": True}),
    },
    "CourseSection": {
        "chapter": ("ForeignKey", {"related_name": "coursesections", "to": "api.coursechapter"}),
        "name": ("CharField", {"max_length": 128}),
        "order": (
            "PositiveSmallIntegerField",
            {
                "verbose_name": "课时排序",
                "help_text": "建议每个课时之间空1至2个值,以备后续插入课时",
            },
        ),
        "section_type": (
            "SmallIntegerField",
            {"default": 2, "choices": ((0, "文档"), (1, "练习"), (2, "视频"))},
        ),
        "section_link": (
            "CharField",
            {
                "max_length": 255,
                "blank": True,
                "null": True,
                "help_text": "若是video,填vid,若是文档,填link",
            },
        ),
        "video_time": (
            "CharField",
            {"verbose_name": "视频时长", "max_length": 32, "blank": True, "null": True},
        ),
        "pub_date": ("DateTimeField", {"verbose_name": "发布时间", "auto_now_add": True}),
        "free_trail": ("BooleanField", {"verbose_name": "是否可试看", "default": False}),
    },
    "Homework": {
        "chapter": ("ForeignKey", {"to": "api.coursechapter"}),
        "title": ("CharField", {"verbose_name": "作业题目", "max_length": 128}),
        "order": (
            "PositiveSmallIntegerField",
            {"verbose_name": "作业顺序", "help_text": "同一课程的每个作业之前的order值间隔1-2个数"},
        ),
        "homework_type": (
            "SmallIntegerField",
            {"default": 0, "choices": ((0, "作业"), (1, "模块通关考核"))},
        ),
        "requirement": ("TextField", {"verbose_name": "作业需求", "max_length": 1024}),
        "threshold": ("TextField", {"verbose_name": "踩分点", "max_length": 1024}),
        "recommend_period": (
            "PositiveSmallIntegerField",
            {"verbose_name": "推荐完成周期(天)", "default": 7},
        ),
        "scholarship_value": (
            "PositiveSmallIntegerField",
            {"verbose_name": "为该作业分配的奖学金(贝里)"},
        ),
        "note": ("TextField", {"blank": True, "null": True}),
        "enabled": (
            "BooleanField",
            {"default": True, "help_text": "本作业如果后期不需要了,不想让学员看到,可以设置为False"},
        ),
    },
    "PricePolicy": {
        "content_type": ("ForeignKey", {"to": "contenttypes.contenttype"}),
        "object_id": ("PositiveIntegerField", {}),
        "valid_period": (
            "SmallIntegerField",
            {
                "choices": (
                    (1, "1天"),
                    (3, "3天"),
                    (7, "1周"),
                    (14, "2周"),
                    (30, "1个月"),
                    (60, "2个月"),
                    (90, "3个月"),
                    (180, "6个月"),
                    (210, "12个月"),
                    (540, "18个月"),
                    (720, "24个月"),
                )
            },
        ),
        "price": ("FloatField", {}),
    },
    "ArticleSource": {
        "name": ("CharField", {"max_length": 64, "unique": True}),
    },
    "Article": {
        "title": (
            "CharField",
            {"verbose_name": "标题", "max_length": 255, "unique": True, "db_index": True},
        ),
        "source": ("ForeignKey", {"verbose_name": "来源", "to": "api.articlesource"}),
        "article_type": (
            "SmallIntegerField",
            {"default": 0, "choices": ((0, "资讯"), (1, "视频"))},
        ),
        "brief": ("TextField", {"verbose_name": "摘要", "max_length": 512}),
        "head_img": ("CharField", {"max_length": 255}),
        "content": ("TextField", {"verbose_name": "文章正文"}),
        "pub_date": ("DateTimeField", {"verbose_name": "上架日期"}),
        "offline_date": ("DateTimeField", {"verbose_name": "下架日期"}),
        "status": (
            "SmallIntegerField",
            {"verbose_name": "状态", "default": 0, "choices": ((0, "在线"), (1, "下线"))},
        ),
        "order": (
            "SmallIntegerField",
            {
                "verbose_name": "权重",
                "default": 0,
                "help_text": "文章想置顶,可以把数字调大,不要超过1000",
            },
        ),
        "vid": (
            "CharField",
            {
                "verbose_name": "视频VID",
                "max_length": 128,
                "blank": True,
                "null": True,
                "help_text": "文章类型是视频, 则需要添加视频VID",
            },
        ),
        "comment_num": ("SmallIntegerField", {"verbose_name": "评论数", "default": 0}),
        "agree_num": ("SmallIntegerField", {"verbose_name": "点赞数", "default": 0}),
        "view_num": ("SmallIntegerField", {"verbose_name": "观看数", "default": 0}),
        "collect_num": ("SmallIntegerField", {"verbose_name": "收藏数", "default": 0}),
        "date": ("DateTimeField", {"verbose_name": "创建日期", "auto_now_add": True}),
        "position": (
            "SmallIntegerField",
            {
                "verbose_name": "位置",
                "default": 0,
                "choices": ((0, "信息流"), (1, "banner大图"), (2, "banner小图")),
            },
        ),
    },
    "Collection": {
        "content_type": ("ForeignKey", {"to": "contenttypes.contenttype"}),
        "object_id": ("PositiveIntegerField", {}),
        "account": ("ForeignKey", {"to": "api.account"}),
        "date": ("DateTimeField", {"auto_now_add": True}),
    },
    "Comment": {
        "content_type": (
            "ForeignKey",
            {"verbose_name": "类型", "blank": True, "null": True, "to": "contenttypes.contenttype"},
        ),
        "object_id": ("PositiveIntegerField", {"blank": True, "null": True}),
        "p_node": (
            "ForeignKey",
            {"verbose_name": "父级评论", "blank": True, "null": True, "to": "api.comment"},
        ),
        "content": ("TextField", {"max_length": 1024}),
        "account": ("ForeignKey", {"verbose_name": "会员名", "to": "api.account"}),
        "disagree_number": ("IntegerField", {"verbose_name": "踩", "default": 0}),
        "agree_number": ("IntegerField", {"verbose_name": "赞同数", "default": 0}),
        "date": ("DateTimeField", {"auto_now_add": True}),
    },
    "Account": {
        "username": ("CharField", {"verbose_name": "用户名", "max_length": 64, "unique": True}),
        # The document has 64; a hash is longer.
        "password": ("CharField", {"verbose_name": "密码", "max_length": 128}),
    },
    "UserAuthToken": {
        "user": ("OneToOneField", {"to": "api.account"}),
        "token": ("CharField", {"max_length": 64, "unique": True}),
    },
    "Coupon": {
        "name": ("CharField", {"verbose_name": "活动名称", "max_length": 64}),
        "brief": ("TextField", {"verbose_name": "优惠券介绍", "blank": True, "null": True}),
        "coupon_type": (
            "SmallIntegerField",
            {
                "verbose_name": "券类型",
                "default": 0,
                "choices": ((0, "立减券"), (1, "满减券"), (2, "折扣券")),
            },
        ),
        "money_equivalent_value": ("IntegerField", {"verbose_name": "等值货币"}),
        "off_percent": (
            "PositiveSmallIntegerField",
            {
                "verbose_name": "折扣百分比",
                "blank": True,
                "null": True,
                "help_text": "只针对折扣券,例7.9折,写79",
            },
        ),
        "minimum_consume": (
            "PositiveIntegerField",
            {"verbose_name": "最低消费", "default": 0, "help_text": "仅在满减券时填写此字段"},
        ),
        "content_type": (
            "ForeignKey",
            {"blank": True, "null": True, "to": "contenttypes.contenttype"},
        ),
        "object_id": (
            "PositiveIntegerField",
            {
                "verbose_name": "绑定课程",
                "blank": True,
                "null": True,
                "help_text": "可以把优惠券跟课程绑定",
            },
        ),
        "quantity": ("PositiveIntegerField", {"verbose_name": "数量(张)", "default": 1}),
        "open_date": ("DateField", {"verbose_name": "优惠券领取开始时间"}),
        "close_date": ("DateField", {"verbose_name": "优惠券领取结束时间"}),
        "valid_begin_date": (
            "DateField",
            {"verbose_name": "有效期开始时间", "blank": True, "null": True},
        ),
        "valid_end_date": (
            "DateField",
            {"verbose_name": "有效结束时间", "blank": True, "null": True},
        ),
        "coupon_valid_days": (
            "PositiveIntegerField",
            {
                "verbose_name": "优惠券有效期(天)",
                "blank": True,
                "null": True,
                "help_text": "自券被领时开始算起",
            },
        ),
        "date": ("DateTimeField", {"auto_now_add": True}),
    },
    "CouponRecord": {
        "coupon": ("ForeignKey", {"to": "api.coupon"}),
        "number": ("CharField", {"max_length": 64, "unique": True}),
        "account": ("ForeignKey", {"verbose_name": "拥有者", "to": "api.account"}),
        # The document ends at 2.
        "status": (
            "SmallIntegerField",
            {
                "default": 0,
                "choices": (
                    (0, "未使用"),
                    (1, "已使用"),
                    (2, "已过期"),
                    (3, "已作废"),
                    (4, "已锁定"),
                ),
            },
        ),
        "get_time": ("DateTimeField", {"verbose_name": "领取时间", "help_text": "用户领取时间"}),
        "used_time": ("DateTimeField", {"verbose_name": "使用时间", "blank": True, "null": True}),
    },
}

UNIQUE_TOGETHER = {
    "OftenAskedQuestion": ("content_type", "object_id", "question"),
    "CourseOutline": ("course_detail", "title"),
    "CourseChapter": ("course", "chapter"),
    "CourseSection": ("chapter", "section_link"),
    "Homework": ("chapter", "title"),
    "PricePolicy": ("content_type", "object_id", "valid_period"),
    "Collection": ("content_type", "object_id", "account"),
}

# verbose_name and verbose_name_plural. The document has only the second, and neither for accounts
# and tokens.
NAMES = {
    "CourseCategory": ("课程大类", "01.课程大类"),
    "CourseSubCategory": ("课程子类", "02.课程子类"),
    "DegreeCourse": ("学位课", "03.学位课"),
    "Teacher": ("导师或讲师", "04.导师或讲师"),
    "Scholarship": ("学位课奖学金", "05.学位课奖学金"),
    "Course": ("专题课或学位课模块", "06.专题课或学位课模块"),
    "CourseDetail": ("课程或学位模块详细", "07.课程或学位模块详细"),
    "OftenAskedQuestion": ("常见问题", "08. 常见问题"),
    "CourseOutline": ("课程大纲", "09. 课程大纲"),
    "CourseChapter": ("课程章节", "10. 课程章节"),
    "CourseSection": ("课时", "11. 课时"),
    "Homework": ("章节作业", "12. 章节作业"),
    "PricePolicy": ("价格策略", "15. 价格策略"),
    "ArticleSource": ("文章来源", "16. 文章来源"),
    "Article": ("文章", "17. 文章"),
    "Collection": ("通用收藏表", "18. 通用收藏表"),
    "Comment": ("通用评论表", "19. 通用评论表"),
    "Account": ("账户", "账户"),
    "UserAuthToken": ("用户Token", "用户Token"),
    "Coupon": ("优惠券生成记录", "31. 优惠券生成记录"),
    "CouponRecord": ("用户优惠券", "32. 用户优惠券"),
}

CHOICES = {
    "Teacher.role_choices": ((0, "讲师"), (1, "导师")),
    "Course.course_type_choices": ((0, "付费"), (1, "VIP专享"), (2, "学位课程")),
    "Course.level_choices": ((0, "初级"), (1, "中级"), (2, "高级")),
    "Course.status_choices": ((0, "上线"), (1, "下线"), (2, "预上线")),
    "CourseSection.section_type_choices": ((0, "文档"), (1, "练习"), (2, "视频")),
    "Homework.homework_type_choices": ((0, "作业"), (1, "模块通关考核")),
    "PricePolicy.valid_period_choices": (
        (1, "1天"),
        (3, "3天"),
        (7, "1周"),
        (14, "2周"),
        (30, "1个月"),
        (60, "2个月"),
        (90, "3个月"),
        (180, "6个月"),
        (210, "12个月"),
        (540, "18个月"),
        (720, "24个月"),
    ),
    "Article.article_type_choices": ((0, "资讯"), (1, "视频")),
    "Article.status_choices": ((0, "在线"), (1, "下线")),
    "Article.position_choices": ((0, "信息流"), (1, "banner大图"), (2, "banner小图")),
    "Coupon.coupon_type_choices": ((0, "立减券"), (1, "满减券"), (2, "折扣券")),
    "CouponRecord.status_choices": (
        (0, "未使用"),
        (1, "已使用"),
        (2, "已过期"),
        (3, "已作废"),
        (4, "已锁定"),
    ),
}
